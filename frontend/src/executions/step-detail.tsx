import { type ReactNode, useEffect } from "react";

import { refresh } from "@/api/queries";
import type { Json, NodeSettings, Step } from "@/api/types";
import { CacheLine, RetryLine } from "@/executions/step-state";
import { t } from "@/i18n";
import { isFromCache } from "@/model/attempts";
import { reasonText } from "@/model/executions";
import { iterationPath } from "@/model/run";
import { absoluteTime, formatDuration, spanOf } from "@/model/time";
import { useSearchValue } from "@/pages/use-address";
import { Badge, StatusBadge } from "@/ui/badge";
import { Facts } from "@/ui/facts";
import { JsonView } from "@/ui/json-view";
import { Segments } from "@/ui/segments";
import { useNow } from "@/ui/time";

const VIEWS = ["output", "input", "error", "details"] as const;
type View = (typeof VIEWS)[number];

interface StepDetailProps {
  step: Step;
  execution: string | null;
  /** The node's settings as they ran, where they are known. */
  settings?: NodeSettings | undefined;
  /** What may be done from this step on. */
  action?: ReactNode;
}

/** One step: how it went, what came in, what went out. */
export function StepDetail({ step, execution, settings, action }: StepDetailProps) {
  const [asked, setView] = useSearchValue("view");
  const failed = step.error !== null && step.error !== undefined;
  const views = VIEWS.filter((view) => view !== "error" || failed);
  const fallback: View = failed && (step.output ?? null) === null ? "error" : "output";
  const view = views.find((candidate) => candidate === asked) ?? fallback;
  useMissingPayload(step, execution);
  return (
    <div className="flex min-h-0 flex-1 flex-col" data-testid="step-detail">
      <div className="flex flex-col gap-3 px-4 pt-3.5 pb-3">
        <StepHead step={step} />
        {step.error && <ErrorLine step={step} />}
        <RetryLine step={step} settings={settings} />
        <CacheLine step={step} />
        {action}
        <Segments
          label={t("step.views")}
          options={views.map((option) => ({ value: option, label: t(`step.${option}`) }))}
          value={view}
          onChange={(next) => setView(next === fallback ? "" : next)}
        />
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto border-t" data-testid={`step-${view}`}>
        <StepView step={step} view={view} />
      </div>
    </div>
  );
}

function StepView({ step, view }: { step: Step; view: View }) {
  if (view === "details") return <StepFacts step={step} />;
  const name = `${step.node}-${view}`;
  if (view === "error") return <JsonView value={step.error as Json} name={name} empty="" />;
  const value = view === "input" ? step.input : step.output;
  return <JsonView value={value} name={name} empty={t(`step.no_${view}`)} />;
}

function StepHead({ step }: { step: Step }) {
  const waits = step.status === "waiting";
  const now = useNow(200, waits || step.status === "running");
  const due = waits && step.due_at ? spanOf(new Date(now).toISOString(), step.due_at, now) : null;
  const span = spanOf(step.started_at, step.finished_at, now);
  return (
    <div className="flex flex-wrap items-center gap-2">
      <StatusBadge status={step.status} />
      {step.handled && <Badge tone="warning">{t("run.handled")}</Badge>}
      {step.attempt > 1 && <Badge>{t("run.attempt", { number: step.attempt })}</Badge>}
      {due !== null && <Badge tone="warning">{t("step.due", { span: formatDuration(due) })}</Badge>}
      {isFromCache(step.cache) && <Badge tone="accent">{t("step.cached")}</Badge>}
      {span !== null && <span className="ml-auto text-ink-3 tabular-nums">{formatDuration(span)}</span>}
    </div>
  );
}

function ErrorLine({ step }: { step: Step }) {
  const { message, code, category } = step.error ?? {};
  return (
    <div role="alert" className="rounded-lg border border-danger/25 bg-danger-soft px-3 py-2">
      <p className="break-words">{message ?? code ?? t("step.failed")}</p>
      <p className="mt-0.5 font-mono text-2xs text-danger">{[category, code].filter(Boolean).join(" · ")}</p>
    </div>
  );
}

function StepFacts({ step }: { step: Step }) {
  return (
    <Facts
      facts={[
        [t("fact.node"), step.node],
        [t("fact.kind"), step.kind],
        [t("fact.iteration"), iterationPath(step.iteration)],
        [t("fact.attempt"), String(step.attempt)],
        [t("fact.reason"), reasonText(step.reason)],
        [t("fact.due"), moment(step.due_at)],
        [t("fact.queued"), moment(step.queued_at)],
        [t("fact.started"), moment(step.started_at)],
        [t("fact.finished"), moment(step.finished_at)],
        [t("fact.id"), step.id],
      ]}
    />
  );
}

function moment(at: string | null | undefined): string | null {
  return at ? absoluteTime(at) : null;
}

/** Events may leave payloads out; the rows have them once the step has ended. */
function useMissingPayload(step: Step, execution: string | null): void {
  const missing = step.finished_at !== null && step.output === undefined && step.input === undefined;
  useEffect(() => {
    if (missing && execution) refresh(["execution", execution, "steps"]);
  }, [missing, execution]);
}
