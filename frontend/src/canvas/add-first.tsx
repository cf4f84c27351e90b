import { Panel } from "@xyflow/react";
import { Plus } from "lucide-react";

import type { NodeType } from "@/api/types";
import { KindTile } from "@/canvas/kind-icon";
import { t } from "@/i18n";
import { isTrigger } from "@/model/definition";
import { Button } from "@/ui/button";

interface AddFirstProps {
  types: ReadonlyMap<string, NodeType>;
  onPick(type: NodeType): void;
  onMore(): void;
}

/** An empty canvas asks what should start the workflow. */
export function AddFirst({ types, onPick, onMore }: AddFirstProps) {
  const triggers = [...types.values()].filter(({ kind }) => isTrigger(kind));
  return (
    <Panel position="top-center" className="mt-[12vh]! w-[min(26rem,90%)]">
      <div className="rounded-xl border border-line-strong bg-raised p-4 shadow-float">
        <h2 className="text-sm font-semibold">{t("canvas.first_title")}</h2>
        <p className="mt-0.5 text-ink-2">{t("canvas.first_detail")}</p>
        <div className="mt-3 flex flex-col gap-1">
          {triggers.map((type) => (
            <button
              key={type.kind}
              type="button"
              onClick={() => onPick(type)}
              className="-mx-2 flex items-center gap-3 rounded-lg p-2 text-left transition-colors hover:bg-subtle"
            >
              <KindTile kind={type.kind} />
              <span className="min-w-0">
                <span className="block font-medium">{type.label}</span>
                <span className="block text-xs text-ink-2">{type.summary.replaceAll("`", "")}</span>
              </span>
            </button>
          ))}
        </div>
        <Button size="sm" variant="ghost" className="mt-2 -ml-2" onClick={onMore}>
          <Plus aria-hidden />
          {t("canvas.first_other")}
        </Button>
      </div>
    </Panel>
  );
}
