import type { Execution, Json } from "@/api/types";
import { t } from "@/i18n";
import { reasonText } from "@/model/executions";
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
        [t("fact.parent"), execution.parent],
        [t("fact.resumed_from"), execution.resumed_from],
        [t("fact.created"), absoluteTime(execution.created_at)],
        [t("fact.started"), execution.started_at && absoluteTime(execution.started_at)],
        [t("fact.finished"), execution.finished_at && absoluteTime(execution.finished_at)],
        [t("fact.id"), execution.id],
      ]}
    />
  );
}
