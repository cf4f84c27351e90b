import type { Execution } from "@/api/types";
import { isFinal } from "@/model/status";
import { formatDuration, spanOf } from "@/model/time";
import { useNow } from "@/ui/time";

/** How long a run took, or has been going on. */
export function RunClock({ execution }: { execution: Execution }) {
  const now = useNow(100, !isFinal(execution.status));
  const span = spanOf(execution.started_at ?? execution.created_at, execution.finished_at, now);
  return <span className="text-xs text-ink-3 tabular-nums">{span === null ? "" : formatDuration(span)}</span>;
}
