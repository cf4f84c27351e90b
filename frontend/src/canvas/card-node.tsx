import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { Plus, TriangleAlert } from "lucide-react";
import { memo } from "react";

import { useCanvasActions } from "@/canvas/canvas-actions";
import { KindTile } from "@/canvas/kind-icon";
import { t } from "@/i18n";
import { ERROR } from "@/model/definition";
import type { NodeCardData } from "@/model/graph";
import { NODE_WIDTH } from "@/model/layout";
import type { NodeRun } from "@/model/run";
import { toneOf, type Tone } from "@/model/status";
import { formatDuration, spanOf } from "@/model/time";
import { StatusIcon } from "@/ui/badge";
import { cn } from "@/ui/cn";

export interface CardData extends NodeCardData {
  run: NodeRun | null;
  problems: number;
}

export type CardNode = Node<CardData, "card">;

const EDGES: Record<Tone, string> = {
  neutral: "border-line-strong",
  muted: "border-line-strong",
  info: "border-info ring-3 ring-info/20",
  success: "border-success/70",
  danger: "border-danger ring-3 ring-danger/15",
  warning: "border-warning",
  accent: "border-violet",
};

const TEXTS: Record<Tone, string> = {
  neutral: "text-ink-2",
  muted: "text-ink-3",
  info: "text-info",
  success: "text-success",
  danger: "text-danger",
  warning: "text-warning",
  accent: "text-violet",
};

export const Card = memo(function Card({ data, selected }: NodeProps<CardNode>) {
  const { node, type, ports, run } = data;
  const disabled = node.settings?.disabled ?? false;
  const single = ports.length <= 1;
  return (
    <div
      data-testid={`node-${node.id}`}
      style={{ width: NODE_WIDTH }}
      className={cn(
        "group relative rounded-xl border bg-raised shadow-card transition-[border-color,box-shadow]",
        run ? EDGES[toneOf(run.status)] : "border-line-strong",
        disabled && "border-dashed opacity-60",
        run?.status === "skipped" && "opacity-60",
        selected && "border-brand-ink ring-3 ring-brand/25",
      )}
    >
      {data.hasInput && <Handle type="target" position={Position.Left} className="top-8!" aria-label={t("canvas.input")} />}
      <div className="flex h-16 items-center gap-2.5 px-3">
        <KindTile kind={node.kind} />
        <div className="min-w-0 flex-1">
          <p className="truncate text-[0.8125rem] leading-4.5 font-semibold">{node.name ?? type?.label ?? node.id}</p>
          <p className="truncate font-mono text-2xs text-ink-3">{node.kind}</p>
        </div>
      </div>
      {single ? (
        <Port node={node.id} port={ports[0] ?? "success"} className="top-8!" />
      ) : (
        <ul className="border-t py-1">
          {ports.map((port) => (
            <li key={port} className={cn("relative flex h-6 items-center justify-end px-3 text-2xs", portColour(port))}>
              {t("canvas.port", { port: port.replaceAll("_", " ") })}
              <Port node={node.id} port={port} />
            </li>
          ))}
        </ul>
      )}
      {run && <RunLine id={node.id} run={run} />}
      {disabled && !run && <Line>{t("canvas.disabled")}</Line>}
      {data.problems > 0 && <ProblemMark count={data.problems} />}
    </div>
  );
});

function portColour(port: string): string {
  return port === ERROR ? "text-danger" : "text-ink-2";
}

function Port({ node, port, className }: { node: string; port: string; className?: string }) {
  const { addAfter } = useCanvasActions();
  return (
    <>
      <Handle
        type="source"
        id={port}
        position={Position.Right}
        className={cn(className, port === ERROR && "handle-error")}
        aria-label={t("canvas.output", { port })}
      />
      {addAfter && (
        <button
          type="button"
          aria-label={t("canvas.add_after", { node, port })}
          onClick={(event) => {
            event.stopPropagation();
            addAfter(node, port);
          }}
          className={cn(
            "nodrag nopan absolute -right-8.5 z-10 grid size-5 -translate-y-1/2 place-items-center rounded-full border border-line-strong bg-raised text-ink-2 opacity-0 shadow-card transition-opacity group-focus-within:opacity-100 group-hover:opacity-100 hover:border-brand-ink hover:text-brand-ink focus-visible:opacity-100",
            className ?? "top-1/2",
          )}
        >
          <Plus aria-hidden className="size-3" />
        </button>
      )}
    </>
  );
}

function RunLine({ id, run }: { id: string; run: NodeRun }) {
  const span = spanOf(run.step.started_at, run.step.finished_at, 0);
  const counted = run.total > 1 ? t("run.iterations", { done: run.done, total: run.total }) : null;
  return (
    <Line className={TEXTS[toneOf(run.status)]}>
      <span data-testid={`node-status-${id}`} data-status={run.status} className="flex items-center gap-1 font-medium">
        <StatusIcon status={run.status} className="size-3" />
        {t(`status.${run.status}`)}
        {run.step.handled && ` · ${t("run.handled")}`}
      </span>
      <span className="text-ink-3 tabular-nums">
        {counted ?? (run.step.finished_at && span !== null ? formatDuration(span) : attempt(run))}
      </span>
    </Line>
  );
}

function attempt(run: NodeRun): string {
  return run.step.attempt > 1 ? t("run.attempt", { number: run.step.attempt }) : "";
}

function Line({ className, children }: { className?: string; children: React.ReactNode }) {
  return (
    <div className={cn("flex h-6.5 items-center justify-between border-t px-3 text-2xs text-ink-3", className)}>
      {children}
    </div>
  );
}

function ProblemMark({ count }: { count: number }) {
  return (
    <span
      role="img"
      aria-label={t("problems.count", { count })}
      title={t("problems.count", { count })}
      className="absolute -top-2 right-3 flex h-4.5 items-center gap-1 rounded-full border border-warning/40 bg-warning-soft px-1.5 text-2xs font-semibold text-warning"
    >
      <TriangleAlert aria-hidden className="size-2.5" />
      {count}
    </span>
  );
}
