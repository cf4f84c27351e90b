import type { PlannedStep, ResumePlan } from "@/api/operations";
import type { Definition } from "@/api/types";
import { t } from "@/i18n";
import { nodeById } from "@/model/definition";
import { plannedKey } from "@/model/resume";
import { iterationPath } from "@/model/run";
import type { Tone } from "@/model/status";
import { Badge } from "@/ui/badge";
import { cn } from "@/ui/cn";

const TONES: Record<PlannedStep["action"], Tone> = {
  kept: "success",
  edited: "accent",
  reopened: "info",
  rerun: "warning",
};

interface PlanViewProps {
  plan: ResumePlan;
  definition: Definition;
  /** A newer plan is on its way. */
  stale: boolean;
}

/** What would be kept and what would run again, before anything happens. */
export function PlanView({ plan, definition, stale }: PlanViewProps) {
  const { counts } = plan;
  return (
    <section aria-label={t("plan.title")} data-testid="resume-plan" className={cn("rounded-lg border", stale && "opacity-60")}>
      <div className="flex flex-wrap items-center gap-1.5 border-b px-3 py-2">
        <h3 className="mr-1 font-medium">{t("plan.title")}</h3>
        <Badge tone="warning">{t("plan.rerun", { count: counts.rerun })}</Badge>
        <Badge tone="success">{t("plan.kept", { count: counts.kept })}</Badge>
        {counts.edited > 0 && <Badge tone="accent">{t("plan.edited", { count: counts.edited })}</Badge>}
        {counts.reopened > 0 && <Badge tone="info">{t("plan.reopened", { count: counts.reopened })}</Badge>}
        {counts.repeats > 0 && <Badge tone="danger">{t("plan.repeats", { count: counts.repeats })}</Badge>}
      </div>
      {/* A long plan scrolls, which takes the focus to do by keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <ul tabIndex={0} aria-label={t("plan.steps")} className="max-h-52 divide-y divide-line overflow-y-auto">
        {plan.steps.map((step) => (
          <li key={plannedKey(step)} className="flex min-h-8 items-center gap-2 px-3 py-1">
            <span className="truncate font-medium">{nodeById(definition, step.node)?.name ?? step.node}</span>
            <span className="truncate font-mono text-2xs text-ink-3">{iterationPath(step.iteration)}</span>
            <span className="ml-auto flex items-center gap-1.5 text-xs text-ink-3">
              {step.reason && t(`plan.reason.${step.reason}`)}
              {step.repeats && <Badge tone="danger">{t("plan.writes")}</Badge>}
              <Badge tone={TONES[step.action]}>{t(`plan.action.${step.action}`)}</Badge>
            </span>
          </li>
        ))}
      </ul>
      {plan.truncated && <p className="border-t px-3 py-1.5 text-xs text-ink-3">{t("plan.truncated")}</p>}
    </section>
  );
}
