import { RotateCw } from "lucide-react";
import { Link } from "react-router";

import type { NodeSettings, Step } from "@/api/types";
import { t, wordOr } from "@/i18n";
import { cacheState, retryState } from "@/model/attempts";
import { shortId } from "@/model/executions";
import { absoluteTime, formatDuration } from "@/model/time";
import { useNow } from "@/ui/time";

/** "Attempt 2 of 5 failed: rate limited. The next one is at 12:03:10, in 9 s." */
export function RetryLine({ step, settings }: { step: Step; settings: NodeSettings | undefined }) {
  const retry = retryState(step, settings);
  const now = useNow(500, retry !== null);
  if (!retry) return null;
  const left = formatDuration(Math.max(0, Date.parse(retry.dueAt) - now));
  const why = categoryText(retry.category);
  return (
    <p data-testid="retry-line" className="flex items-start gap-2 rounded-lg border border-warning/30 bg-warning-soft px-3 py-2">
      <RotateCw aria-hidden className="mt-0.75 size-3.5 shrink-0 text-warning" />
      <span>
        {retry.most === null
          ? t("retry.attempt", { attempt: retry.attempt, why })
          : t("retry.attempt_of", { attempt: retry.attempt, most: retry.most, why })}{" "}
        {t("retry.next", { time: absoluteTime(retry.dueAt), left })}
      </span>
    </p>
  );
}

/** What the result cache did for this step, and why. */
export function CacheLine({ step }: { step: Step }) {
  const cache = cacheState(step.cache);
  if (!cache) return null;
  const { savedSeconds, execution, reason } = cache;
  return (
    <p data-testid="cache-line" className="text-xs text-ink-2">
      {wordOr("cache.status", cache.status)}
      {reason && ` (${reason.replaceAll("_", " ")})`}
      {savedSeconds !== null && savedSeconds > 0 && ` · ${t("cache.saved", { span: formatDuration(savedSeconds * 1000) })}`}
      {execution && (
        <>
          {" · "}
          <Link className="text-brand-ink underline-offset-2 hover:underline" to={`/executions/${execution}`}>
            {t("cache.from", { id: shortId(execution) })}
          </Link>
        </>
      )}
    </p>
  );
}

/** The breaker that holds this back, one link away. */
export function BreakerLine({ breaker }: { breaker: string }) {
  return (
    <p data-testid="breaker-line" className="rounded-lg border border-warning/30 bg-warning-soft px-3 py-2">
      {t("execution.breaker")}{" "}
      <Link to="/breakers" className="font-mono text-xs break-all underline underline-offset-2">
        {breaker}
      </Link>
    </p>
  );
}

export function categoryText(category: string): string {
  return wordOr("category", category);
}
