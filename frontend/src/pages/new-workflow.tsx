import { useMutation } from "@tanstack/react-query";
import { type SyntheticEvent, useId } from "react";
import { useNavigate } from "react-router";

import { call } from "@/api/client";
import { refresh } from "@/api/queries";
import { t } from "@/i18n";
import { emptyDefinition } from "@/model/definition";
import { Button } from "@/ui/button";
import { Dialog, DialogActions, DialogBody } from "@/ui/dialog";
import { ErrorPanel } from "@/ui/error-panel";
import { Field, Input } from "@/ui/field";

interface NewWorkflowProps {
  open: boolean;
  onOpenChange(open: boolean): void;
}

export function NewWorkflow({ open, onOpenChange }: NewWorkflowProps) {
  const id = useId();
  const navigate = useNavigate();
  const create = useMutation({
    mutationFn: (name: string) =>
      call("POST /api/v1/workflows", { body: { name, definition: emptyDefinition() } }),
    onSuccess: ({ data }) => {
      refresh(["workflows"]);
      void navigate(`/workflows/${data.id}`);
    },
  });
  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    create.mutate(String(new FormData(event.currentTarget).get("name")).trim());
  };
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => {
        create.reset();
        onOpenChange(next);
      }}
      title={t("workflows.new")}
      description={t("workflows.new_detail")}
    >
      <form onSubmit={submit}>
        <DialogBody>
          <Field id={id} label={t("workflow.name")}>
            <Input id={id} name="name" required maxLength={200} autoFocus placeholder={t("workflow.name_example")} />
          </Field>
          {create.error && <ErrorPanel error={create.error} />}
        </DialogBody>
        <DialogActions>
          <Button onClick={() => onOpenChange(false)}>{t("action.cancel")}</Button>
          <Button type="submit" variant="primary" busy={create.isPending}>
            {t("workflows.create")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
