import {
  Box,
  Braces,
  CalendarClock,
  CodeXml,
  Database,
  Globe,
  ListTree,
  type LucideIcon,
  Mail,
  MessageSquare,
  MousePointerClick,
  OctagonX,
  RefreshCw,
  Repeat,
  Reply,
  Search,
  Sparkles,
  Split,
  Timer,
  Type,
  UserCheck,
  Webhook,
  Workflow,
  Zap,
} from "lucide-react";

import { cn } from "@/ui/cn";

/** Looked up by the whole kind, then by its first word; a kind from a plug-in gets the plain box. */
const ICONS: Record<string, LucideIcon> = {
  trigger: Zap,
  "trigger.manual": MousePointerClick,
  "trigger.webhook": Webhook,
  "trigger.schedule": CalendarClock,
  http: Globe,
  logic: Split,
  "logic.switch": ListTree,
  flow: Workflow,
  "flow.wait": Timer,
  "flow.for_each": Repeat,
  "flow.loop": RefreshCw,
  "flow.respond": Reply,
  "flow.fail": OctagonX,
  "flow.approval": UserCheck,
  code: CodeXml,
  data: Braces,
  text: Type,
  llm: Sparkles,
  search: Search,
  db: Database,
  mail: Mail,
  chat: MessageSquare,
};

const SIZES = {
  xs: "size-5 rounded [&_svg]:size-3",
  sm: "size-6 rounded-md [&_svg]:size-3.5",
  md: "size-9 rounded-lg [&_svg]:size-4.5",
};

export function KindTile({ kind, size = "md" }: { kind: string; size?: keyof typeof SIZES }) {
  const prefix = kind.split(".")[0] ?? "";
  const Icon = ICONS[kind] ?? ICONS[prefix] ?? Box;
  return (
    <span aria-hidden className={cn("hue hue-tile grid shrink-0 place-items-center", `hue-${prefix}`, SIZES[size])}>
      <Icon />
    </span>
  );
}
