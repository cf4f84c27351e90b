import { useMutation, useQuery } from "@tanstack/react-query";
import { Wrench } from "lucide-react";
import { useId, useState } from "react";

import { call } from "@/api/client";
import { isUnderWay } from "@/api/operation-queries";
import type { ErrorGroupDetail, Job, LookAhead } from "@/api/operations";
import { refresh } from "@/api/queries";
import { useMay } from "@/api/use-may";
import { JobCard } from "@/errors/job-card";
import { t } from "@/i18n";
import { canaryFrom } from "@/model/errors";
import { versionFrom } from "@/model/resume";
import { Ask } from "@/ui/ask";
import { Button } from "@/ui/button";
import { Field, Select } from "@/ui/field";
import { Spinner } from "@/ui/spinner";

/** Going on from every execution that failed this way, carefully, as a job that can be watched. */
export function FixAndContinue({ group }: { group: ErrorGroupDetail }) {
  const may = useMay("error_group.settle");
  const [asking, setAsking] = useState(false);
  const { job, to_retry: left } = group;
  const busy = job !== null && isUnderWay(job);
  return (
    <section aria-label={t("fix.title")} className="mx-6 flex flex-col rounded-xl border bg-raised shadow-card">
      <div className="flex flex-wrap items-center gap-3 px-4 py-3">
        <div className="min-w-0 flex-1">
          <h2 className="text-sm font-semibold">{t("fix.title")}</h2>
          <p className="text-ink-2">{left > 0 ? t("fix.detail", { count: left }) : t("fix.nothing")}</p>
        </div>
        {may && left > 0 && !busy && (
          <Button variant="primary" onClick={() => setAsking(true)}>
            <Wrench aria-hidden />
            {t("fix.open")}
          </Button>
        )}
      </div>
      {job && <JobCard id={job.id} first={job} />}
      {asking && <FixDialog id={group.id} onClose={() => setAsking(false)} />}
    </section>
  );
}

function FixDialog({ id, onClose }: { id: string; onClose(): void }) {
  const versionId = useId();
  const canaryId = useId();
  const [version, setVersion] = useState("published");
  const [canary, setCanary] = useState("1,10");
  const body = { version: versionFrom(version), canary: canaryFrom(canary) };
  const ahead = useQuery({
    queryKey: ["error-groups", id, "ahead", body],
    queryFn: async ({ signal }) => {
      const asked = { ...body, dry_run: true };
      const { data } = await call("POST /api/v1/error-groups/{id}/retry", { path: { id }, body: asked, signal });
      return data as LookAhead;
    },
    staleTime: 0,
    retry: false,
  });
  const start = useMutation({
    mutationFn: async () => (await call("POST /api/v1/error-groups/{id}/retry", { path: { id }, body })).data as Job,
    onSuccess: () => {
      refresh(["error-groups"], ["executions"]);
      onClose();
    },
  });
  return (
    <Ask
      title={t("fix.dialog")}
      description={t("fix.dialog_detail")}
      action={t("fix.start")}
      busy={start.isPending}
      disabled={!ahead.data || ahead.data.total === 0}
      error={start.error ?? ahead.error}
      onSubmit={() => start.mutate()}
      onClose={onClose}
    >
      <Field id={versionId} label={t("fix.version")}>
        <Select id={versionId} value={version} onChange={({ target }) => setVersion(target.value)}>
          <option value="published">{t("resume.published")}</option>
          <option value="draft">{t("resume.draft")}</option>
          <option value="same">{t("resume.same")}</option>
        </Select>
      </Field>
      <Field id={canaryId} label={t("fix.canary")} help={t("fix.canary_help")}>
        <Select id={canaryId} value={canary} onChange={({ target }) => setCanary(target.value)}>
          <option value="1,10">{t("fix.canary_staged")}</option>
          <option value="1">{t("fix.canary_one")}</option>
          <option value="">{t("fix.canary_none")}</option>
        </Select>
      </Field>
      <p aria-live="polite" data-testid="fix-count" className="flex min-h-5 items-center gap-2 font-medium">
        {ahead.isPending && (
          <>
            <Spinner /> {t("fix.counting")}
          </>
        )}
        {ahead.data && t("fix.count", { count: ahead.data.total })}
      </p>
    </Ask>
  );
}
