import { useQuery } from "@tanstack/react-query";
import { ReactFlowProvider } from "@xyflow/react";
import { useParams } from "react-router";

import { executionDefinitionQuery, isNotFound, nodeTypesQuery } from "@/api/queries";
import { ExecutionView } from "@/executions/execution-view";
import { useRun } from "@/executions/use-run";
import { t } from "@/i18n";
import { NotFound } from "@/pages/not-found";
import { ErrorPanel } from "@/ui/error-panel";
import { Loading } from "@/ui/spinner";

export function Component() {
  const { id = "" } = useParams();
  const run = useRun(id);
  const definition = useQuery(executionDefinitionQuery(id));
  const types = useQuery(nodeTypesQuery);
  const error = run.error ?? definition.error ?? types.error;
  if (isNotFound(error)) return <NotFound />;
  if (error) {
    const retry = () => void Promise.all([definition.refetch(), types.refetch()]);
    return <ErrorPanel error={error} onRetry={retry} className="m-6" />;
  }
  const { execution } = run.state;
  if (!execution || !definition.data || !types.data) return <Loading label={t("execution.loading")} />;
  return (
    <ReactFlowProvider key={id}>
      <ExecutionView run={run} execution={execution} definition={definition.data} types={types.data} />
    </ReactFlowProvider>
  );
}
