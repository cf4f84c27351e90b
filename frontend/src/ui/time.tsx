import { useEffect, useState } from "react";

import { LOCALE } from "@/i18n";
import { absoluteTime, relativeTime } from "@/model/time";

/** The current time, refreshed at the given pace while the component is shown. */
export function useNow(everyMs: number, active = true): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!active) return undefined;
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, active]);
  return now;
}

export function RelativeTime({ at }: { at: string }) {
  const now = useNow(20_000);
  return (
    <time dateTime={at} title={absoluteTime(at, LOCALE)} className="whitespace-nowrap tabular-nums">
      {relativeTime(at, Math.max(now, Date.parse(at)), LOCALE)}
    </time>
  );
}
