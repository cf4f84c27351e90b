import { Command } from "cmdk";
import { Search } from "lucide-react";
import { useMemo } from "react";

import type { NodeType } from "@/api/types";
import { KindTile } from "@/canvas/kind-icon";
import { t } from "@/i18n";
import { fit } from "@/model/search";
import { Dialog } from "@/ui/dialog";
import { Prose } from "@/ui/prose";

interface PaletteProps {
  open: boolean;
  onOpenChange(open: boolean): void;
  types: ReadonlyMap<string, NodeType>;
  /** Triggers start a workflow, so they are not offered as the next node of another. */
  withTriggers: boolean;
  onPick(type: NodeType): void;
}

/** All kinds of the catalogue, found by name, kind or what they do. */
export function Palette({ open, onOpenChange, types, withTriggers, onPick }: PaletteProps) {
  const groups = useMemo(() => byCategory(types, withTriggers), [types, withTriggers]);
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t("palette.title")} className="w-[min(34rem,calc(100vw-2rem))]">
      <Command label={t("palette.title")} loop filter={score} className="flex min-h-0 flex-col">
        <div className="flex items-center gap-2 border-b px-5 pb-2">
          <Search aria-hidden className="size-4 text-ink-3" />
          <Command.Input
            autoFocus
            data-testid="palette-search"
            placeholder={t("palette.search")}
            className="h-9 flex-1 bg-transparent text-sm outline-none placeholder:text-ink-3"
          />
        </div>
        <Command.List className="min-h-0 flex-1 overflow-y-auto p-2">
          <Command.Empty className="px-3 py-10 text-center text-ink-2">{t("palette.none")}</Command.Empty>
          {groups.map(([category, kinds]) => (
            <Command.Group
              key={category}
              heading={category}
              className="[&_[cmdk-group-heading]]:px-3 [&_[cmdk-group-heading]]:pt-2.5 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-2xs [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-ink-3"
            >
              {kinds.map((type) => (
                <Entry key={type.kind} type={type} onPick={onPick} />
              ))}
            </Command.Group>
          ))}
        </Command.List>
      </Command>
    </Dialog>
  );
}

function Entry({ type, onPick }: { type: NodeType; onPick(type: NodeType): void }) {
  return (
    <Command.Item
      value={type.kind}
      keywords={[type.label, type.summary, type.category]}
      data-testid={`palette-${type.kind}`}
      onSelect={() => onPick(type)}
      className="flex cursor-pointer items-center gap-3 rounded-lg px-3 py-2 data-[selected=true]:bg-subtle"
    >
      <KindTile kind={type.kind} />
      <div className="min-w-0 flex-1">
        <p className="font-medium">{type.label}</p>
        <Prose text={type.summary} className="truncate text-xs text-ink-2" />
      </div>
      <code className="font-mono text-2xs text-ink-3">{type.kind}</code>
    </Command.Item>
  );
}

function score(kind: string, query: string, [label = "", ...others]: string[] = []): number {
  return fit(query, [label, kind, ...others]);
}

function byCategory(types: ReadonlyMap<string, NodeType>, withTriggers: boolean): [string, NodeType[]][] {
  const groups = new Map<string, NodeType[]>();
  for (const type of types.values()) {
    if (!withTriggers && type.kind.startsWith("trigger.")) continue;
    const category = type.category.charAt(0).toUpperCase() + type.category.slice(1);
    groups.set(category, [...(groups.get(category) ?? []), type]);
  }
  const isTrigger = ([, kinds]: [string, NodeType[]]) => Number(!kinds[0]?.kind.startsWith("trigger."));
  return [...groups].toSorted((a, b) => isTrigger(a) - isTrigger(b) || a[0].localeCompare(b[0]));
}
