import { useEffect, useRef } from "react";

import { t } from "@/i18n";
import { Button } from "@/ui/button";

interface LoadMoreProps {
  busy: boolean;
  onMore(): void;
}

/** The end of a list that goes on: it loads as it comes into view, and can be pressed as well. */
export function LoadMore({ busy, onMore }: LoadMoreProps) {
  const mark = useRef<HTMLDivElement>(null);
  const more = useRef(onMore);
  useEffect(() => {
    more.current = onMore;
  });
  useEffect(() => {
    if (!mark.current || busy) return undefined;
    const watcher = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting) more.current();
    });
    watcher.observe(mark.current);
    return () => watcher.disconnect();
  }, [busy]);
  return (
    <div ref={mark} className="flex justify-center p-4">
      <Button size="sm" variant="ghost" busy={busy} onClick={onMore}>
        {t("list.more")}
      </Button>
    </div>
  );
}
