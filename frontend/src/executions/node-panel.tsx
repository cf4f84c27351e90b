import { X } from "lucide-react";

import type { Definition, NodeType } from "@/api/types";
import { KindTile } from "@/canvas/kind-icon";
import { StepsOfNode } from "@/executions/steps-of-node";
import type { Run } from "@/executions/use-run";
import { t } from "@/i18n";
import { nodeById } from "@/model/definition";
import { IconButton } from "@/ui/button";

interface NodePanelProps {
  run: Run;
  node: string;
  definition: Definition;
  types: ReadonlyMap<string, NodeType>;
  onClose(): void;
}

export function NodePanel({ run, node, definition, types, onClose }: NodePanelProps) {
  const drawn = nodeById(definition, node);
  const kind = drawn?.kind ?? "";
  return (
    <>
      <div className="flex items-center gap-3 border-b px-4 py-3">
        <KindTile kind={kind} />
        <div className="min-w-0 flex-1">
          <h2 className="truncate text-sm font-semibold">{drawn?.name ?? types.get(kind)?.label ?? node}</h2>
          <code className="block truncate font-mono text-2xs text-ink-3">{kind}</code>
        </div>
        <IconButton size="sm" label={t("action.close")} keys="Esc" className="-mr-1.5 self-start" onClick={onClose}>
          <X aria-hidden />
        </IconButton>
      </div>
      <StepsOfNode run={run} node={node} />
    </>
  );
}
