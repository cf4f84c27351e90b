import "@/styles.css";

import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router";

import { whenSignedOut } from "@/api/client";
import { queryClient } from "@/api/queries";
import { router } from "@/router";
import { reloadOnNewBuild } from "@/stores/new-build";
import { useSession } from "@/stores/session";
import { Toaster } from "@/ui/toaster";
import { TooltipProvider } from "@/ui/tooltip";

reloadOnNewBuild();
whenSignedOut(() => useSession.getState().setExpired(true));

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <TooltipProvider delayDuration={350} skipDelayDuration={200}>
          <RouterProvider router={router} />
          <Toaster />
        </TooltipProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
