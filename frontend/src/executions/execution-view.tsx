import { ChevronRight, SquarePen } from "lucide-react";
import { Link } from "react-router";

import type { Definition, Execution, NodeType } from "@/api/types";
import { CanvasToolbar } from "@/canvas/canvas-toolbar";
import { FlowCanvas } from "@/canvas/flow-canvas";
import { useShortcuts } from "@/canvas/use-shortcuts";
import { Approvals } from "@/executions/approvals";
import { ConnectionMark } from "@/executions/connection-mark";
import { ExecutionActions } from "@/executions/execution-actions";
import { ExecutionSummary } from "@/executions/execution-summary";
import { NodePanel } from "@/executions/node-panel";
import { RunClock } from "@/executions/run-clock";
import { StepTimeline } from "@/executions/step-timeline";
import type { Run } from "@/executions/use-run";
import { useSelectedStep } from "@/executions/use-selected-step";
import { t } from "@/i18n";
import { shortId, workflowOf } from "@/model/executions";
import { StatusBadge } from "@/ui/badge";
import { Button } from "@/ui/button";

interface ExecutionViewProps {
  run: Run;
  execution: Execution;
  definition: Definition;
  types: ReadonlyMap<string, NodeType>;
}

/** One execution: the graph with its states, the steps over time, and what each of them did. */
export function ExecutionView({ run, execution, definition, types }: ExecutionViewProps) {
  const { node, select } = useSelectedStep();
  useShortcuts({ escape: () => select(null) });
  const selected = new Set(node ? [node] : []);
  return (
    <main className="flex min-h-0 flex-1 flex-col">
      <title>{`${t("execution.title", { id: shortId(execution.id) })} · Studio`}</title>
      <ExecutionHeader run={run} execution={execution} definition={definition} />
      <div className="flex min-h-0 flex-1">
        <div className="flex min-w-0 flex-1 flex-col">
          <div className="relative min-h-0 flex-1">
            <FlowCanvas
              definition={definition}
              types={types}
              runs={run.byNode}
              selected={selected}
              onSelect={(nodes) => select([...nodes].at(-1) ?? null)}
            >
              <CanvasToolbar />
            </FlowCanvas>
          </div>
          <section aria-label={t("run.steps")} className="flex h-60 shrink-0 flex-col border-t bg-surface">
            <StepTimeline
              run={run}
              definition={definition}
              types={types}
              selected={node}
              onSelect={(chosen, step) => select(chosen, step)}
            />
          </section>
        </div>
        <aside
          aria-label={t("inspector.label")}
          data-testid="inspector"
          className="flex w-100 shrink-0 flex-col border-l bg-surface max-md:hidden"
        >
          <Approvals execution={execution} />
          {node ? (
            <NodePanel run={run} node={node} definition={definition} types={types} onClose={() => select(null)} />
          ) : (
            <ExecutionSummary execution={execution} />
          )}
        </aside>
      </div>
    </main>
  );
}

interface ExecutionHeaderProps {
  run: Run;
  execution: Execution;
  definition: Definition;
}

function ExecutionHeader({ run, execution, definition }: ExecutionHeaderProps) {
  const workflow = workflowOf(execution);
  return (
    <header className="flex h-13 shrink-0 items-center gap-2 border-b bg-surface px-3">
      <Link to="/executions" className="shrink-0 rounded px-1 text-ink-3 transition-colors hover:text-ink max-md:hidden">
        {t("nav.executions")}
      </Link>
      <ChevronRight aria-hidden className="size-3.5 shrink-0 text-ink-3/70 max-md:hidden" />
      <h1 className="truncate px-1 font-semibold">
        {workflow.name ?? t("execution.title", { id: shortId(execution.id) })}
      </h1>
      {workflow.name && <code className="font-mono text-xs text-ink-3">{shortId(execution.id)}</code>}
      <span data-testid="execution-status" data-status={execution.status} className="flex">
        <StatusBadge status={execution.status} />
      </span>
      <RunClock execution={execution} />
      <div className="ml-auto flex items-center gap-2">
        <ConnectionMark connection={run.connection} />
        <ExecutionActions execution={execution} definition={definition} />
        {workflow.id && (
          <Button asChild>
            <Link to={`/workflows/${workflow.id}?run=${execution.id}`}>
              <SquarePen aria-hidden />
              {t("execution.open_workflow")}
            </Link>
          </Button>
        )}
      </div>
    </header>
  );
}
