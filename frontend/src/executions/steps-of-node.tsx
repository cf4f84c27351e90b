import { type ReactNode, useMemo } from "react";

import type { NodeSettings, Step } from "@/api/types";
import { StepDetail } from "@/executions/step-detail";
import type { Run } from "@/executions/use-run";
import { t } from "@/i18n";
import { iterationPath, stepKey, stepsInOrder } from "@/model/run";
import { useSearchValue } from "@/pages/use-address";
import { Select } from "@/ui/field";

const LISTED = 500;

interface StepsOfNodeProps {
  run: Run;
  node: string;
  settings?: NodeSettings | undefined;
  renderAction?(step: Step): ReactNode;
}

/** What one node did in a run: its step, or one of its steps when it was visited several times. */
export function StepsOfNode({ run, node, settings, renderAction }: StepsOfNodeProps) {
  const [asked, setAsked] = useSearchValue("step");
  const steps = useMemo(() => stepsInOrder(run.state).filter((step) => step.node === node), [run.state, node]);
  const step = steps.find((candidate) => stepKey(candidate) === asked) ?? run.byNode.get(node)?.step;
  if (!step) return <p className="p-4 text-ink-3">{t("step.none")}</p>;
  return (
    <>
      {steps.length > 1 && (
        <div className="border-b px-4 py-2.5">
          <Select aria-label={t("step.iteration")} value={stepKey(step)} onChange={(event) => setAsked(event.target.value)}>
            {steps.slice(0, LISTED).map((candidate) => (
              <option key={stepKey(candidate)} value={stepKey(candidate)}>
                {`${iterationPath(candidate.iteration) || candidate.node} · ${t(`status.${candidate.status}`)}`}
              </option>
            ))}
          </Select>
        </div>
      )}
      <StepDetail key={stepKey(step)} step={step} execution={run.id} settings={settings} action={renderAction?.(step)} />
    </>
  );
}
