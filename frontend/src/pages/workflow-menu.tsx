import { useMutation } from "@tanstack/react-query";
import { Copy, Ellipsis, History, Trash2 } from "lucide-react";
import { useState } from "react";
import { Link, useNavigate } from "react-router";

import { call } from "@/api/client";
import { refresh } from "@/api/queries";
import type { WorkflowSummary } from "@/api/types";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/ui/menu";
import { toastError } from "@/ui/toast-error";

interface WorkflowMenuProps {
  workflow: WorkflowSummary;
  editable: boolean;
  onDeleted?: () => void;
}

export function WorkflowMenu({ workflow, editable, onDeleted }: WorkflowMenuProps) {
  const [deleting, setDeleting] = useState(false);
  const duplicate = useDuplicate(workflow);
  return (
    <>
      <Menu>
        <MenuTrigger
          aria-label={t("workflow.menu", { name: workflow.name })}
          className="relative z-1 grid size-8 place-items-center rounded-md text-ink-3 transition-colors hover:bg-subtle hover:text-ink data-[state=open]:bg-subtle"
        >
          <Ellipsis aria-hidden className="size-4" />
        </MenuTrigger>
        <MenuContent align="end">
          <MenuItem asChild>
            <Link to={`/executions?workflow=${workflow.id}`}>
              <History aria-hidden />
              {t("workflow.executions")}
            </Link>
          </MenuItem>
          {editable && (
            <>
              <MenuItem onSelect={() => duplicate.mutate()}>
                <Copy aria-hidden />
                {t("workflow.duplicate")}
              </MenuItem>
              <MenuSeparator />
              <MenuItem onSelect={() => setDeleting(true)} className="text-danger [&_svg]:text-danger">
                <Trash2 aria-hidden />
                {t("workflow.delete")}
              </MenuItem>
            </>
          )}
        </MenuContent>
      </Menu>
      <DeleteDialog open={deleting} onOpenChange={setDeleting} workflow={workflow} onDeleted={onDeleted} />
    </>
  );
}

function useDuplicate(workflow: WorkflowSummary) {
  const navigate = useNavigate();
  return useMutation({
    mutationFn: async () => {
      const { data } = await call("GET /api/v1/workflows/{id}", { path: { id: workflow.id } });
      const body = { name: t("workflow.copy_of", { name: data.name }), definition: data.draft.definition };
      return (await call("POST /api/v1/workflows", { body })).data;
    },
    onSuccess: ({ id }) => {
      refresh(["workflows"]);
      void navigate(`/workflows/${id}`);
    },
    onError: toastError,
  });
}

interface DeleteDialogProps {
  open: boolean;
  onOpenChange(open: boolean): void;
  workflow: WorkflowSummary;
  onDeleted: (() => void) | undefined;
}

function DeleteDialog({ open, onOpenChange, workflow, onDeleted }: DeleteDialogProps) {
  const remove = useMutation({
    mutationFn: () => call("DELETE /api/v1/workflows/{id}", { path: { id: workflow.id } }),
    onSuccess: () => {
      onOpenChange(false);
      onDeleted?.();
      refresh(["workflows"]);
    },
    onError: toastError,
  });
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={t("workflow.delete_title", { name: workflow.name })}
      description={t("workflow.delete_detail")}
    >
      <div className="h-3" />
      <DialogActions>
        <Button onClick={() => onOpenChange(false)}>{t("action.cancel")}</Button>
        <Button variant="danger" busy={remove.isPending} onClick={() => remove.mutate()}>
          {t("workflow.delete")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
