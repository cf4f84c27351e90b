import { Outlet, useMatch, useNavigation } from "react-router";

import { Sidebar } from "@/pages/sidebar";
import { SignInAgain } from "@/pages/sign-in-again";
import { cn } from "@/ui/cn";

/** What stands around every view. The canvas views need the width, so the sidebar shrinks there. */
export function Shell() {
  const editing = useMatch("/workflows/:id");
  const watching = useMatch("/executions/:id");
  const moving = useNavigation().state !== "idle";
  return (
    <div className="flex h-full min-h-0">
      <Sidebar narrow={Boolean(editing ?? watching)} />
      <div className="relative flex min-w-0 flex-1 flex-col">
        <div
          aria-hidden
          className={cn("absolute inset-x-0 top-0 z-30 h-0.5 bg-brand opacity-0", moving && "animate-pulse opacity-100")}
        />
        <Outlet />
      </div>
      <SignInAgain />
    </div>
  );
}
