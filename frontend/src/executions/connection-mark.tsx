import { Unplug } from "lucide-react";

import type { Connection } from "@/executions/use-live-run";
import { t } from "@/i18n";

/** Says when what is on the screen may be behind; silent while all is well. */
export function ConnectionMark({ connection }: { connection: Connection }) {
  if (connection === "live" || connection === "connecting") return null;
  return (
    <span role="status" className="flex items-center gap-1 text-xs text-warning">
      <Unplug aria-hidden className="size-3.5" />
      {t(connection === "lost" ? "connection.lost" : "connection.refused")}
    </span>
  );
}
