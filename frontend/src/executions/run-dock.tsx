import { ExternalLink, X } from "lucide-react";
import { Link } from "react-router";

import type { Definition, NodeType } from "@/api/types";
import { CancelButton } from "@/executions/cancel-button";
import { ConnectionMark } from "@/executions/connection-mark";
import { RunClock } from "@/executions/run-clock";
import { StepTimeline } from "@/executions/step-timeline";
import type { Run } from "@/executions/use-run";
import { t } from "@/i18n";
import { reasonText, shortId } from "@/model/executions";
import { useAddress } from "@/pages/use-address";
import { StatusBadge } from "@/ui/badge";
import { IconButton } from "@/ui/button";
import { ErrorPanel } from "@/ui/error-panel";
import { Loading } from "@/ui/spinner";

interface RunDockProps {
  id: string;
  run: Run;
  definition: Definition;
  types: ReadonlyMap<string, NodeType>;
  selected: string | null;
  onSelect(node: string): void;
  onClose(): void;
}

/** The run that is shown on the canvas: its state and its steps, below the graph. */
export function RunDock({ id, run, definition, types, selected, onSelect, onClose }: RunDockProps) {
  const [, changeAddress] = useAddress();
  const { execution } = run.state;
  const reason = execution && !run.final ? reasonText(execution.reason) : null;
  const open = (node: string, step: string) => {
    onSelect(node);
    changeAddress((query) => {
      query.set("node", node);
      query.set("tab", "run");
      if (step === node) query.delete("step");
      else query.set("step", step);
    });
  };
  return (
    <section
      aria-label={t("run.dock")}
      data-testid="run-dock"
      className="flex h-64 shrink-0 animate-appear flex-col border-t bg-surface"
    >
      <div className="flex h-10 shrink-0 items-center gap-2.5 border-b px-3">
        {execution && <StatusBadge status={execution.status} />}
        <Link
          to={`/executions/${id}`}
          className="flex items-center gap-1 font-mono text-xs text-ink-2 transition-colors hover:text-ink [&_svg]:size-3"
          title={t("run.open")}
        >
          {shortId(id)}
          <ExternalLink aria-hidden />
        </Link>
        {execution && <RunClock execution={execution} />}
        {reason && <span className="truncate text-xs text-ink-3">{reason}</span>}
        <div className="ml-auto flex items-center gap-1.5">
          <ConnectionMark connection={run.connection} />
          {execution && <CancelButton execution={execution} size="sm" />}
          <IconButton size="sm" label={t("run.close")} onClick={onClose}>
            <X aria-hidden />
          </IconButton>
        </div>
      </div>
      {run.error && <ErrorPanel error={run.error} className="m-3" />}
      {!execution && !run.error && <Loading label={t("run.loading")} />}
      {execution && <StepTimeline run={run} definition={definition} types={types} selected={selected} onSelect={open} />}
    </section>
  );
}
