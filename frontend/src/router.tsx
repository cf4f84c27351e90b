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
          { path: "/errors", lazy: () => import("@/pages/errors") },
          { path: "/errors/dead-letters", lazy: () => import("@/pages/dead-letters") },
          { path: "/errors/:id", lazy: () => import("@/pages/error-group") },
          { path: "/workers", lazy: () => import("@/pages/workers") },
          { path: "/breakers", lazy: () => import("@/pages/breakers") },
          { path: "/cache", lazy: () => import("@/pages/cache") },
          { path: "/settings", element: <Navigate to="/settings/credentials" replace /> },
          { path: "/settings/credentials", lazy: () => import("@/pages/credentials") },
          { path: "/settings/api-keys", lazy: () => import("@/pages/api-keys") },
          { path: "/settings/members", lazy: () => import("@/pages/members") },
          { path: "*", Component: NotFound },
        ],
      },
    ],
  },
]);
