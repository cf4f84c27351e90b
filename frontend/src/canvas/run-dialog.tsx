import { useMutation } from "@tanstack/react-query";
import { Play } from "lucide-react";
import { useId, useState } from "react";

import { call } from "@/api/client";
import { ApiError } from "@/api/problem";
import { refresh } from "@/api/queries";
import type { Definition, Json } from "@/api/types";
import type { useDraft } from "@/canvas/use-draft";
import { JsonField } from "@/forms/json-field";
import { t } from "@/i18n";
import { isTrigger } from "@/model/definition";
import { recallInput, rememberInput } from "@/stores/last-input";
import { Button } from "@/ui/button";
import { Dialog, DialogActions, DialogBody } from "@/ui/dialog";
import { ErrorPanel } from "@/ui/error-panel";
import { Field, Select } from "@/ui/field";
import { Kbd } from "@/ui/kbd";

interface RunDialogProps {
  draft: ReturnType<typeof useDraft>;
  definition: Definition;
  onClose(): void;
  onStarted(id: string): void;
}

type RunnableVersion = "draft" | "published";

export function RunDialog({ draft, definition, onClose, onStarted }: RunDialogProps) {
  const { id, published_version: published } = draft.workflow;
  const triggers = definition.nodes.filter(({ kind }) => isTrigger(kind));
  const [input, setInput] = useState<Json | undefined>(() => recallInput(id) ?? {});
  const [version, setVersion] = useState<RunnableVersion>("draft");
  const [trigger, setTrigger] = useState(() => preferredTrigger(triggers));
  const versionId = useId();
  const triggerId = useId();
  const [valid, setValid] = useState(true);
  const blocked = version === "draft" && draft.problems.length > 0;
  const run = useMutation({
    mutationFn: async () => {
      if (version === "draft" && !(await draft.save())) throw new ApiError(409, { title: t("run.not_saved") });
      const body = { version, ...(input === undefined ? {} : { input }), ...(trigger ? { trigger } : {}) };
      return (await call("POST /api/v1/workflows/{id}/run", { path: { id }, body })).data;
    },
    onSuccess: (started) => {
      rememberInput(id, input);
      refresh(["executions"]);
      onStarted(started.id);
    },
  });
  return (
    <Dialog open onOpenChange={onClose} title={t("run.title")} description={t("run.detail")}>
      {/* Keys bubble up from the editor inside, in which Enter alone is a new line. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (valid && !blocked) run.mutate();
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.requestSubmit();
        }}
        className="flex min-h-0 flex-col"
      >
        <DialogBody>
          <div className="flex flex-col gap-1.5">
            <span className="font-medium">{t("run.input")}</span>
            <JsonField value={input} onChange={setInput} label={t("run.input")} tall autoFocus onValidity={setValid} />
          </div>
          <div className="grid grid-cols-2 gap-4">
            <Field id={versionId} label={t("run.version")}>
              <Select
                id={versionId}
                value={version}
                onChange={(event) => setVersion(event.target.value as RunnableVersion)}
              >
                <option value="draft">{t("run.draft")}</option>
                {published !== null && <option value="published">{t("run.published", { version: published })}</option>}
              </Select>
            </Field>
            {triggers.length > 1 && (
              <Field id={triggerId} label={t("run.trigger")}>
                <Select id={triggerId} value={trigger} onChange={(event) => setTrigger(event.target.value)}>
                  {triggers.map((node) => (
                    <option key={node.id} value={node.id}>
                      {node.name ?? node.id}
                    </option>
                  ))}
                </Select>
              </Field>
            )}
          </div>
          {blocked && <Blocked problems={draft.problems.map(({ detail }) => detail)} />}
          {run.error && <Refusal error={run.error} />}
        </DialogBody>
        <DialogActions>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button type="submit" variant="primary" busy={run.isPending} disabled={blocked || !valid} data-testid="start-run">
            {!run.isPending && <Play aria-hidden className="fill-current" />}
            {t("run.start")}
            <Kbd className="ml-1 border-transparent bg-on-brand/20 text-on-brand">⏎</Kbd>
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function preferredTrigger(triggers: { id: string; kind: string }[]): string {
  if (triggers.length < 2) return "";
  return (triggers.find(({ kind }) => kind === "trigger.manual") ?? triggers[0])?.id ?? "";
}

function Blocked({ problems }: { problems: string[] }) {
  return (
    <div role="alert" className="rounded-lg border border-warning/30 bg-warning-soft px-3 py-2">
      <p className="font-medium text-warning">{t("run.blocked", { count: problems.length })}</p>
      <ul className="mt-1 list-disc pl-4 text-ink-2">
        {problems.slice(0, 5).map((detail) => (
          <li key={detail}>{detail}</li>
        ))}
      </ul>
    </div>
  );
}

function Refusal({ error }: { error: unknown }) {
  const problems = error instanceof ApiError ? error.errors : [];
  return (
    <>
      <ErrorPanel error={error} />
      {problems.length > 0 && (
        <ul className="flex list-disc flex-col gap-1 pl-5 text-ink-2">
          {problems.slice(0, 8).map(({ pointer, detail }) => (
            <li key={`${pointer} ${detail}`}>{detail}</li>
          ))}
        </ul>
      )}
    </>
  );
}
