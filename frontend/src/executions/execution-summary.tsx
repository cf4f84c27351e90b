import type { ReactNode } from "react";
import { Link } from "react-router";

import type { Execution, Json } from "@/api/types";
import { t } from "@/i18n";
import { BreakerLine } from "@/executions/step-state";
import { awaitedBreaker } from "@/model/attempts";
import { reasonText, shortId } from "@/model/executions";
import { isFinal } from "@/model/status";
import { absoluteTime } from "@/model/time";
import { useSearchValue } from "@/pages/use-address";
import { Facts } from "@/ui/facts";
import { JsonView } from "@/ui/json-view";
import { Segments } from "@/ui/segments";

const VIEWS = ["output", "input", "error", "details"] as const;
type View = (typeof VIEWS)[number];

/** The execution as a whole: what it was given, what came of it, and where it ran. */
export function ExecutionSummary({ execution }: { execution: Execution }) {
  const [asked, setView] = useSearchValue("view");
  const views = VIEWS.filter((view) => view !== "error" || execution.error);
  const fallback: View = execution.error ? "error" : "output";
  const view = views.find((candidate) => candidate === asked) ?? fallback;
  return (
    <>
      <div className="flex flex-col gap-3 border-b px-4 py-3.5">
        <h2 className="text-sm font-semibold">{t("execution.summary")}</h2>
        {execution.error && (
          <div role="alert" className="rounded-lg border border-danger/25 bg-danger-soft px-3 py-2">
            <p className="break-words">{execution.error.message ?? execution.error.code}</p>
            {execution.error.node && <p className="mt-0.5 font-mono text-2xs text-danger">{execution.error.node}</p>}
          </div>
        )}
        <Lineage execution={execution} />
        <WaitLine execution={execution} />
        <Segments
          label={t("step.views")}
          options={views.map((option) => ({ value: option, label: t(`step.${option}`) }))}
          value={view}
          onChange={(next) => setView(next === fallback ? "" : next)}
        />
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto" data-testid={`execution-${view}`}>
        <SummaryView execution={execution} view={view} />
      </div>
    </>
  );
}

/** Which executions this one belongs to, as links. */
function Lineage({ execution: { parent, resumed_from: resumedFrom } }: { execution: Execution }) {
  if (!parent && !resumedFrom) return null;
  return (
    <p className="flex flex-wrap gap-x-4 text-xs text-ink-2">
      {resumedFrom && (
        <span>
          {t("fact.resumed_from")} <ExecutionLink id={resumedFrom} />
        </span>
      )}
      {parent && (
        <span>
          {t("fact.parent")} <ExecutionLink id={parent} />
        </span>
      )}
    </p>
  );
}

function linkTo(id: string | null | undefined): ReactNode {
  return id ? <ExecutionLink id={id} /> : null;
}

function ExecutionLink({ id }: { id: string }) {
  return (
    <Link to={`/executions/${id}`} className="font-mono text-brand-ink underline-offset-2 hover:underline">
      {shortId(id)}
    </Link>
  );
}

/** Why nothing goes on; a breaker is one link away. */
function WaitLine({ execution: { status, reason } }: { execution: Execution }) {
  if (isFinal(status)) return null;
  const breaker = awaitedBreaker(reason as Json);
  if (breaker) return <BreakerLine breaker={breaker.key} />;
  const text = reasonText(reason);
  return text && <p className="text-xs text-ink-2">{text}</p>;
}

function SummaryView({ execution, view }: { execution: Execution; view: View }) {
  if (view === "details") return <ExecutionFacts execution={execution} />;
  const name = `execution-${view}`;
  if (view === "error") return <JsonView value={execution.error as Json} name={name} empty="" />;
  const value = view === "input" ? execution.input : execution.output;
  return <JsonView value={value} name={name} empty={t(`step.no_${view}`)} />;
}

function ExecutionFacts({ execution }: { execution: Execution }) {
  const { trigger, version, priority } = execution;
  return (
    <Facts
      facts={[
        [t("fact.trigger"), trigger?.kind],
        [t("fact.version"), version === null ? t("status.draft") : t("workflow.version", { version })],
        [t("fact.queue"), execution.queue],
        [t("fact.region"), execution.region],
        [t("fact.priority"), priority ? String(priority) : null],
        [t("fact.reason"), reasonText(execution.reason)],
        [t("fact.parent"), linkTo(execution.parent)],
        [t("fact.resumed_from"), linkTo(execution.resumed_from)],
        [t("fact.created"), absoluteTime(execution.created_at)],
        [t("fact.started"), execution.started_at && absoluteTime(execution.started_at)],
        [t("fact.finished"), execution.finished_at && absoluteTime(execution.finished_at)],
        [t("fact.id"), execution.id],
      ]}
    />
  );
}
