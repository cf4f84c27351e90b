import { useMutation } from "@tanstack/react-query";
import { useId } from "react";

import { call } from "@/api/client";
import type { Breaker } from "@/api/operations";
import { refresh } from "@/api/queries";
import { t } from "@/i18n";
import { Ask } from "@/ui/ask";
import { Field, Input, Select } from "@/ui/field";

export type BreakerDeed = "open" | "close" | "reset";

/** Holding a breaker by hand takes a reason, and ends by itself if somebody says when. */
export function BreakerDialog({ breaker, deed, onClose }: { breaker: Breaker; deed: BreakerDeed; onClose(): void }) {
  const reasonId = useId();
  const expiresId = useId();
  const { key, target } = breaker;
  const force = useMutation({
    mutationFn: async ({ reason, seconds }: { reason: string; seconds: number }) => {
      const body = { reason, expires_in: seconds || null };
      if (deed === "open") await call("POST /api/v1/breakers/{key}/open", { path: { key }, body });
      else if (deed === "close") await call("POST /api/v1/breakers/{key}/close", { path: { key }, body });
      else await call("POST /api/v1/breakers/{key}/reset", { path: { key }, body: { reason } });
    },
    onSuccess: () => {
      refresh(["breakers"]);
      onClose();
    },
  });
  return (
    <Ask
      title={t(`breakers.${deed}_title`, { target })}
      description={t(`breakers.${deed}_detail`)}
      action={t(`breakers.${deed}`).replace("…", "")}
      danger={deed === "open"}
      busy={force.isPending}
      error={force.error}
      onSubmit={(form) => force.mutate({ reason: String(form.get("reason")).trim(), seconds: Number(form.get("expires") ?? 0) })}
      onClose={onClose}
    >
      <Field id={reasonId} label={t("breakers.reason")} help={t("breakers.reason_help")} required={deed !== "reset"}>
        <Input id={reasonId} name="reason" required={deed !== "reset"} maxLength={500} autoFocus />
      </Field>
      {deed !== "reset" && (
        <Field id={expiresId} label={t("breakers.expires")}>
          <Select id={expiresId} name="expires" defaultValue="3600">
            <option value="900">{t("breakers.minutes", { count: 15 })}</option>
            <option value="3600">{t("breakers.hours", { count: 1 })}</option>
            <option value="28800">{t("breakers.hours", { count: 8 })}</option>
            <option value="">{t("breakers.expires_never")}</option>
          </Select>
        </Field>
      )}
    </Ask>
  );
}
