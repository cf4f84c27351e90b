import { useMutation } from "@tanstack/react-query";
import { BellOff, CircleCheck, RotateCcw } from "lucide-react";
import { useId, useState } from "react";

import { call } from "@/api/client";
import type { ErrorGroup } from "@/api/operations";
import { refresh } from "@/api/queries";
import { useMay } from "@/api/use-may";
import { t } from "@/i18n";
import { ignoreBody, type Settlement, settlementsFor } from "@/model/errors";
import { Ask } from "@/ui/ask";
import { Button } from "@/ui/button";
import { Field, Select } from "@/ui/field";
import { toastError } from "@/ui/toast-error";

/** Resolving a group, leaving it alone for a while, and opening it again. */
export function SettleButtons({ group }: { group: ErrorGroup }) {
  const may = useMay("error_group.settle");
  const [ignoring, setIgnoring] = useState(false);
  const settle = useMutation({
    mutationFn: async (how: Exclude<Settlement, "ignore">) => {
      const path = { id: group.id };
      if (how === "resolve") await call("POST /api/v1/error-groups/{id}/resolve", { path });
      else await call("POST /api/v1/error-groups/{id}/reopen", { path });
    },
    onSuccess: () => refresh(["error-groups"]),
    onError: toastError,
  });
  const offered = may ? settlementsFor(group) : [];
  return (
    <>
      {offered.includes("ignore") && (
        <Button onClick={() => setIgnoring(true)}>
          <BellOff aria-hidden />
          {t("errors.ignore")}
        </Button>
      )}
      {offered.includes("resolve") && (
        <Button busy={settle.isPending} onClick={() => settle.mutate("resolve")}>
          {!settle.isPending && <CircleCheck aria-hidden />}
          {t("errors.resolve")}
        </Button>
      )}
      {offered.includes("reopen") && (
        <Button busy={settle.isPending} onClick={() => settle.mutate("reopen")}>
          {!settle.isPending && <RotateCcw aria-hidden />}
          {t("errors.reopen")}
        </Button>
      )}
      {ignoring && <IgnoreDialog id={group.id} onClose={() => setIgnoring(false)} />}
    </>
  );
}

function IgnoreDialog({ id, onClose }: { id: string; onClose(): void }) {
  const choiceId = useId();
  const ignore = useMutation({
    mutationFn: (choice: string) =>
      call("POST /api/v1/error-groups/{id}/ignore", { path: { id }, body: ignoreBody(choice, Date.now()) }),
    onSuccess: () => {
      refresh(["error-groups"]);
      onClose();
    },
  });
  return (
    <Ask
      title={t("errors.ignore_title")}
      description={t("errors.ignore_detail")}
      action={t("errors.state.ignored")}
      busy={ignore.isPending}
      error={ignore.error}
      onSubmit={(form) => ignore.mutate(String(form.get("choice")))}
      onClose={onClose}
    >
      <Field id={choiceId} label={t("errors.ignore_until")}>
        <Select id={choiceId} name="choice" defaultValue="s86400">
          <option value="s3600">{t("errors.ignore_hour")}</option>
          <option value="s86400">{t("errors.ignore_day")}</option>
          <option value="s604800">{t("errors.ignore_week")}</option>
          <option value="c10">{t("errors.ignore_10")}</option>
          <option value="c100">{t("errors.ignore_100")}</option>
          <option value="">{t("errors.ignore_for_good")}</option>
        </Select>
      </Field>
    </Ask>
  );
}
