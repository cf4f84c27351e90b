import { createBrowserRouter, Navigate } from "react-router";

import { NotFound } from "@/pages/not-found";
import { PageError } from "@/pages/page-error";
import { requireSession } from "@/pages/require-session";
import { Shell } from "@/pages/shell";
import { FirstPaint } from "@/ui/first-paint";

/** Every view has an address; what it shows beyond that (selection, filters) stands in its query. */
export const router = createBrowserRouter([
  { path: "/sign-in", lazy: () => import("@/pages/sign-in"), HydrateFallback: FirstPaint, ErrorBoundary: PageError },
  {
    loader: requireSession,
    shouldRevalidate: () => false,
    Component: Shell,
    HydrateFallback: FirstPaint,
    ErrorBoundary: PageError,
    children: [
      { index: true, element: <Navigate to="/workflows" replace /> },
      {
        ErrorBoundary: PageError,
        children: [
          { path: "/workflows", lazy: () => import("@/pages/workflows") },
          { path: "/workflows/:id", lazy: () => import("@/pages/editor") },
          { path: "/executions", lazy: () => import("@/pages/executions") },
          { path: "/executions/:id", lazy: () => import("@/pages/execution") },
          { path: "*", Component: NotFound },
        ],
      },
    ],
  },
]);
