import type { ReactNode, SyntheticEvent } from "react";

import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog, DialogActions, DialogBody } from "@/ui/dialog";
import { ErrorPanel } from "@/ui/error-panel";

interface AskProps {
  title: string;
  description?: string;
  action: string;
  danger?: boolean;
  busy?: boolean;
  disabled?: boolean;
  error?: unknown;
  className?: string;
  onSubmit(form: FormData): void;
  onClose(): void;
  children?: ReactNode;
}

/** A question before something is done: what will happen, what it takes, and the deed itself. */
export function Ask(props: AskProps) {
  const { title, description, action, danger = false, busy = false, disabled = false, error, onClose } = props;
  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    props.onSubmit(new FormData(event.currentTarget));
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={title}
      {...(description ? { description } : {})}
      {...(props.className ? { className: props.className } : {})}
    >
      <form onSubmit={submit} className="flex min-h-0 flex-col">
        <DialogBody>
          {props.children}
          {error !== null && error !== undefined && <ErrorPanel error={error} />}
        </DialogBody>
        <DialogActions>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button type="submit" variant={danger ? "danger" : "primary"} busy={busy} disabled={disabled}>
            {action}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
