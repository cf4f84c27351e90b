import { useQuery } from "@tanstack/react-query";
import { ListRestart, X } from "lucide-react";
import { useState } from "react";

import { meQuery } from "@/api/queries";
import type { Definition, Execution, Json, NodeType, Step } from "@/api/types";
import { KindTile } from "@/canvas/kind-icon";
import { ResumeDialog } from "@/executions/resume-dialog";
import { BreakerLine } from "@/executions/step-state";
import { StepsOfNode } from "@/executions/steps-of-node";
import type { Run } from "@/executions/use-run";
import { t } from "@/i18n";
import { nodeById } from "@/model/definition";
import { awaitedBreaker } from "@/model/attempts";
import { actionsFor } from "@/model/resume";
import { iterationPath } from "@/model/run";
import { Button, IconButton } from "@/ui/button";

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
      <StepsOfNode
        run={run}
        node={node}
        settings={drawn?.settings}
        renderAction={(step) => run.state.execution && <StepAction execution={run.state.execution} definition={definition} step={step} />}
      />
    </>
  );
}

interface ResumeHereProps {
  execution: Execution;
  definition: Definition;
  step: Step;
}

/** What holds the step back, or else what may be done from it on. */
function StepAction(props: ResumeHereProps) {
  const breaker = awaitedBreaker(props.execution.reason as Json);
  const held = props.step.status === "waiting" && breaker?.node === props.step.node;
  return held ? <BreakerLine breaker={breaker.key} /> : <ResumeHere {...props} />;
}

/** Going on from this very step, once the execution has ended. */
function ResumeHere({ execution, definition, step }: ResumeHereProps) {
  const [open, setOpen] = useState(false);
  const { data: me } = useQuery(meQuery);
  if (!actionsFor(execution.status, me?.may ?? []).includes("resume")) return null;
  return (
    <>
      <Button size="sm" className="self-start" onClick={() => setOpen(true)}>
        <ListRestart aria-hidden />
        {t("resume.here")}
      </Button>
      {open && (
        <ResumeDialog
          execution={execution}
          definition={definition}
          node={step.node}
          iteration={iterationPath(step.iteration)}
          output={step.output}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  );
}
