import { Panel, useReactFlow } from "@xyflow/react";
import { Maximize, Plus, Redo2, Undo2, WandSparkles, ZoomIn, ZoomOut } from "lucide-react";
import { useStore } from "zustand";

import { WHOLE } from "@/canvas/fit";
import { t } from "@/i18n";
import { redo, undo, useEditor } from "@/stores/editor";
import { Button, IconButton } from "@/ui/button";

interface CanvasToolbarProps {
  onTidy?: () => void;
  onAdd?: () => void;
}

/** Zoom for every canvas; add, undo and tidy where the document can be changed. */
export function CanvasToolbar({ onTidy, onAdd }: CanvasToolbarProps) {
  const flow = useReactFlow();
  return (
    <Panel position="bottom-center" className="flex items-center gap-0.5 rounded-xl border border-line-strong bg-raised p-1 shadow-float">
      {onAdd && (
        <>
          <Button size="sm" variant="primary" onClick={onAdd} data-testid="add-node">
            <Plus aria-hidden />
            {t("canvas.add")}
          </Button>
          <span aria-hidden className="mx-1 h-4 w-px bg-line-strong" />
        </>
      )}
      <IconButton size="sm" label={t("canvas.zoom_out")} keys="−" onClick={() => void flow.zoomOut()}>
        <ZoomOut aria-hidden />
      </IconButton>
      <IconButton size="sm" label={t("canvas.zoom_in")} keys="+" onClick={() => void flow.zoomIn()}>
        <ZoomIn aria-hidden />
      </IconButton>
      <IconButton size="sm" label={t("canvas.fit")} keys="1" onClick={() => void flow.fitView(WHOLE)}>
        <Maximize aria-hidden />
      </IconButton>
      {onTidy && <EditTools onTidy={onTidy} />}
    </Panel>
  );
}

function EditTools({ onTidy }: { onTidy: () => void }) {
  const past = useStore(useEditor.temporal, (state) => state.pastStates.length);
  const future = useStore(useEditor.temporal, (state) => state.futureStates.length);
  return (
    <>
      <span aria-hidden className="mx-0.5 h-4 w-px bg-line" />
      <IconButton size="sm" label={t("canvas.undo")} keys="Ctrl Z" disabled={past === 0} onClick={undo}>
        <Undo2 aria-hidden />
      </IconButton>
      <IconButton size="sm" label={t("canvas.redo")} keys="Ctrl ⇧ Z" disabled={future === 0} onClick={redo}>
        <Redo2 aria-hidden />
      </IconButton>
      <IconButton size="sm" label={t("canvas.tidy")} keys="T" onClick={onTidy}>
        <WandSparkles aria-hidden />
      </IconButton>
    </>
  );
}
