import { useQuery } from "@tanstack/react-query";
import { ReactFlowProvider } from "@xyflow/react";
import { useEffect, useState } from "react";
import { useParams } from "react-router";

import { isNotFound, meQuery, nodeTypesQuery, workflowQuery } from "@/api/queries";
import { Editor } from "@/canvas/editor";
import { t } from "@/i18n";
import { NotFound } from "@/pages/not-found";
import { useEditor } from "@/stores/editor";
import { ErrorPanel } from "@/ui/error-panel";
import { Loading } from "@/ui/spinner";

/** Brings the draft into the editor's store before anything that edits it is drawn. */
export function Component() {
  const { id = "" } = useParams();
  const workflow = useQuery(workflowQuery(id));
  const types = useQuery(nodeTypesQuery);
  const { data: me } = useQuery(meQuery);
  const [opened, setOpened] = useState<string | null>(null);
  const { data: loaded } = workflow;
  useEffect(() => {
    if (!loaded || opened === id) return;
    useEditor.getState().load(id, loaded.workflow.draft.definition);
    setOpened(id);
  }, [id, loaded, opened]);

  const error = workflow.error ?? types.error;
  if (isNotFound(error)) return <NotFound />;
  if (error) {
    const retry = () => void Promise.all([workflow.refetch(), types.refetch()]);
    return <ErrorPanel error={error} onRetry={retry} className="m-6" />;
  }
  if (!loaded || !types.data || !me || opened !== id) return <Loading label={t("editor.loading")} />;
  return (
    <ReactFlowProvider key={id}>
      <Editor loaded={loaded} types={types.data} may={me.may} />
    </ReactFlowProvider>
  );
}
