import { useRouteError } from "react-router";

import { isNotFound } from "@/api/queries";
import { NotFound } from "@/pages/not-found";
import { ErrorPanel } from "@/ui/error-panel";

/** A view that failed, with the rest of the page still standing around it. */
export function PageError() {
  const error = useRouteError();
  if (isNotFound(error)) return <NotFound />;
  return (
    <main className="grid h-full place-items-center p-6">
      <ErrorPanel error={error} onRetry={() => window.location.reload()} className="w-full max-w-xl" />
    </main>
  );
}
