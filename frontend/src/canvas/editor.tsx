import { useMemo, useState } from "react";
import { useNavigate } from "react-router";

import type { NodeType, Workflow } from "@/api/types";
import { AddFirst } from "@/canvas/add-first";
import { CanvasToolbar } from "@/canvas/canvas-toolbar";
import { ConflictBar } from "@/canvas/conflict-bar";
import { EditorHeader } from "@/canvas/editor-header";
import { FlowCanvas } from "@/canvas/flow-canvas";
import { Inspector } from "@/canvas/inspector";
import { Palette } from "@/canvas/palette";
import { RunDialog } from "@/canvas/run-dialog";
import { useDraft } from "@/canvas/use-draft";
import { useEditing } from "@/canvas/use-editing";
import { useSelectedNode } from "@/canvas/use-selected-node";
import { type Shortcuts, useShortcuts } from "@/canvas/use-shortcuts";
import { RunDock } from "@/executions/run-dock";
import { useRun } from "@/executions/use-run";
import { nodeById } from "@/model/definition";
import { problemsByNode } from "@/model/problems";
import { useAddress } from "@/pages/use-address";
import { redo, undo, useEditor } from "@/stores/editor";

interface EditorProps {
  loaded: { workflow: Workflow; etag: string | null };
  types: ReadonlyMap<string, NodeType>;
  may: readonly string[];
}

export function Editor({ loaded, types, may }: EditorProps) {
  const editable = may.includes("workflow.edit");
  const runnable = may.includes("execution.run");
  const draft = useDraft(loaded);
  const definition = useEditor((state) => state.definition);
  const selected = useEditor((state) => state.selected);
  const selectedEdges = useEditor((state) => state.selectedEdges);
  const select = useEditor((state) => state.select);
  const editing = useEditing(types, editable);
  const [address, changeAddress] = useAddress();
  const runId = address.get("run");
  const run = useRun(runId);
  const [asking, setAsking] = useState(false);
  const problems = useMemo(() => problemsByNode(draft.problems), [draft.problems]);
  const nodeId = useSelectedNode();
  const node = nodeId ? nodeById(definition, nodeId) : undefined;
  const navigate = useNavigate();

  const showRun = (id: string | null) =>
    changeAddress((query) => {
      query.delete("step");
      if (id === null) query.delete("run");
      else query.set("run", id);
      if (id === null && query.get("tab") === "run") query.delete("tab");
    });
  const ask = () => {
    if (runnable && definition.nodes.length > 0) setAsking(true);
  };
  useEditorShortcuts({ editing, editable, ask, save: () => void draft.save() });

  return (
    <main className="flex min-h-0 flex-1 flex-col">
      <title>{`${draft.workflow.name} · Studio`}</title>
      <EditorHeader
        draft={draft}
        editable={editable}
        runnable={runnable && definition.nodes.length > 0}
        running={runId !== null && !run.final}
        onRun={ask}
        onShow={(id) => select([id])}
        onDeleted={() => void navigate("/workflows", { replace: true })}
      />
      {draft.state === "conflict" && <ConflictBar onReload={draft.reload} onOverwrite={draft.overwrite} />}
      <div className="flex min-h-0 flex-1">
        <div className="flex min-w-0 flex-1 flex-col">
          <div className="relative min-h-0 flex-1">
            <FlowCanvas
              definition={definition}
              types={types}
              {...(runId ? { runs: run.byNode } : {})}
              problems={problems}
              selected={selected}
              selectedEdges={selectedEdges}
              onSelect={select}
              {...(editing.edits ? { edits: editing.edits } : {})}
            >
              <CanvasToolbar {...(editable ? { onTidy: editing.tidy, onAdd: editing.add } : {})} />
              {definition.nodes.length === 0 && editable && <AddFirst types={types} onPick={editing.pick} onMore={editing.add} />}
            </FlowCanvas>
          </div>
          {runId && <RunDock id={runId} run={run} types={types} definition={definition} selected={nodeId} onSelect={(id) => select([id])} onClose={() => showRun(null)} />}
        </div>
        {node && (
          <Inspector
            key={node.id}
            node={node}
            definition={definition}
            type={types.get(node.kind) ?? null}
            types={types}
            problems={problems.get(node.id) ?? []}
            run={runId ? run : null}
            editable={editable}
            onClose={() => select([])}
          />
        )}
      </div>
      <Palette
        open={editing.adding !== null}
        onOpenChange={(open) => !open && editing.stopAdding()}
        types={types}
        withTriggers={!editing.adding?.from}
        onPick={editing.pick}
      />
      {asking && (
        <RunDialog
          draft={draft}
          definition={definition}
          onClose={() => setAsking(false)}
          onStarted={(id) => {
            setAsking(false);
            showRun(id);
          }}
        />
      )}
    </main>
  );
}

interface ShortcutTargets {
  editing: ReturnType<typeof useEditing>;
  editable: boolean;
  ask(): void;
  save(): void;
}

function useEditorShortcuts({ editing, editable, ask, save }: ShortcutTargets): void {
  const edit: Shortcuts = editable
    ? {
        "mod+s": save,
        "mod+z": undo,
        "shift+mod+z": redo,
        "mod+y": redo,
        "mod+d": editing.duplicate,
        a: editing.add,
        t: editing.tidy,
      }
    : {};
  useShortcuts({ ...edit, "mod+enter": ask, "1": editing.fit, escape: () => useEditor.getState().select([]) });
}
