import { useEffect } from "react";

import { refresh } from "@/api/queries";
import { openSocket } from "@/executions/socket";

const PAUSE_MS = 1000;
const REFUSED = new Set([4401, 4404]);

/** While lists of executions are on the screen, the server says when to read them again. */
export function useWorkspaceHints(workspace: string | undefined): void {
  useEffect(() => {
    if (!workspace) return undefined;
    let timer: ReturnType<typeof setTimeout> | null = null;
    const socket = openSocket(() => `/ws/workspace?workspace=${encodeURIComponent(workspace)}`);
    socket.addEventListener("message", () => {
      timer ??= setTimeout(() => {
        timer = null;
        refresh(["executions"]);
      }, PAUSE_MS);
    });
    socket.addEventListener("close", ({ code }) => {
      if (REFUSED.has(code)) socket.close();
    });
    return () => {
      if (timer) clearTimeout(timer);
      socket.close();
    };
  }, [workspace]);
}
