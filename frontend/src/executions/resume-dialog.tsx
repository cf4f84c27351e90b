import { useMutation, useQuery } from "@tanstack/react-query";
import { Plus, Trash2 } from "lucide-react";
import { useId, useState } from "react";
import { useNavigate } from "react-router";

import { call } from "@/api/client";
import type { ResumePlan, Resumed } from "@/api/operations";
import { refresh } from "@/api/queries";
import type { Definition, Execution, Json, JsonObject } from "@/api/types";
import { PlanView } from "@/executions/plan-view";
import { JsonField } from "@/forms/json-field";
import { t } from "@/i18n";
import { workflowOf } from "@/model/executions";
import { resumeBody, type ResumeChoice, versionFrom } from "@/model/resume";
import { withKey } from "@/model/schema";
import { Ask } from "@/ui/ask";
import { Button, IconButton } from "@/ui/button";
import { Field, Select } from "@/ui/field";
import { Switch } from "@/ui/switch";

interface ResumeDialogProps {
  execution: Execution;
  definition: Definition;
  /** Where to go on from; left out: from what failed. */
  node?: string;
  iteration?: string;
  /** What the node had, to begin editing with. */
  output?: Json | undefined;
  onClose(): void;
}

/** Going on from an execution: with which version, from where, with which data; the plan is shown first. */
export function ResumeDialog({ execution, definition, node = "", iteration = "", output, onClose }: ResumeDialogProps) {
  const { id } = execution;
  const navigate = useNavigate();
  const [choice, setChoice] = useState<ResumeChoice>({
    node,
    iteration,
    version: "same",
    input: undefined,
    outputs: {},
    sendAgain: false,
  });
  const [invalid, setInvalid] = useState<ReadonlySet<string>>(new Set());
  const change = (part: Partial<ResumeChoice>) => setChoice((before) => ({ ...before, ...part }));
  const mark = (field: string) => (valid: boolean) =>
    setInvalid((before) => {
      const next = new Set(before);
      if (valid) next.delete(field);
      else next.add(field);
      return next;
    });
  const body = resumeBody(choice);
  const plan = useQuery({
    queryKey: ["execution", id, "plan", body],
    queryFn: async ({ signal }) => {
      const planned = { ...body, dry_run: true };
      const { data } = await call("POST /api/v1/executions/{id}/resume", { path: { id }, body: planned, signal });
      return data as ResumePlan;
    },
    retry: false,
    staleTime: 0,
    placeholderData: (before) => before,
  });
  const resume = useMutation({
    mutationFn: async () =>
      (await call("POST /api/v1/executions/{id}/resume", { path: { id }, body })).data as Resumed,
    onSuccess: (started) => {
      refresh(["executions"], ["error-groups"]);
      onClose();
      void navigate(`/executions/${started.id}`);
    },
  });
  return (
    <Ask
      title={t("resume.title")}
      description={t("resume.detail")}
      action={t("resume.start")}
      busy={resume.isPending}
      disabled={!plan.data || plan.isError || invalid.size > 0}
      error={resume.error ?? plan.error}
      className="w-[min(40rem,calc(100vw-2rem))] top-[8vh] max-h-[84vh]"
      onSubmit={() => resume.mutate()}
      onClose={onClose}
    >
      <Where choice={choice} execution={execution} definition={definition} onChange={change} />
      <EditedInput execution={execution} value={choice.input} onChange={(input) => change({ input })} onValidity={mark("input")} />
      <EditedOutputs
        definition={definition}
        first={node}
        firstOutput={output}
        value={choice.outputs}
        onChange={(outputs) => change({ outputs })}
        onValidity={mark("outputs")}
      />
      {plan.data && <PlanView plan={plan.data} definition={definition} stale={plan.isFetching} />}
      {((plan.data?.counts.repeats ?? 0) > 0 || choice.sendAgain) && (
        <SendAgain on={choice.sendAgain} onChange={(sendAgain) => change({ sendAgain })} />
      )}
    </Ask>
  );
}

interface WhereProps {
  choice: ResumeChoice;
  execution: Execution;
  definition: Definition;
  onChange(part: Partial<ResumeChoice>): void;
}

function Where({ choice, execution, definition, onChange }: WhereProps) {
  const nodeId = useId();
  const versionId = useId();
  const { version } = execution;
  const saved = workflowOf(execution).id !== null;
  return (
    <div className="grid grid-cols-2 gap-4">
      <Field id={nodeId} label={t("resume.from")} help={choice.iteration || undefined}>
        <Select id={nodeId} value={choice.node} onChange={({ target }) => onChange({ node: target.value, iteration: "" })}>
          <option value="">{t("resume.from_failed")}</option>
          {definition.nodes.map(({ id, name }) => (
            <option key={id} value={id}>
              {name ?? id}
            </option>
          ))}
        </Select>
      </Field>
      <Field id={versionId} label={t("resume.version")}>
        <Select
          id={versionId}
          value={String(choice.version)}
          onChange={({ target }) => onChange({ version: versionFrom(target.value) })}
        >
          <option value="same">
            {version === null ? t("resume.same") : t("resume.same_version", { version: String(version) })}
          </option>
          {saved && <option value="published">{t("resume.published")}</option>}
          {saved && <option value="draft">{t("resume.draft")}</option>}
        </Select>
      </Field>
    </div>
  );
}

interface EditedInputProps {
  execution: Execution;
  value: Json | undefined;
  onChange(value: Json | undefined): void;
  onValidity(valid: boolean): void;
}

function EditedInput({ execution, value, onChange, onValidity }: EditedInputProps) {
  const [open, setOpen] = useState(false);
  const close = () => {
    setOpen(false);
    onValidity(true);
    onChange(undefined);
  };
  if (!open) {
    return (
      <Button
        size="sm"
        variant="ghost"
        className="self-start"
        onClick={() => {
          setOpen(true);
          onChange(execution.input);
        }}
      >
        <Plus aria-hidden />
        {t("resume.edit_input")}
      </Button>
    );
  }
  return (
    <EditedValue label={t("resume.input")} value={value} onChange={onChange} onValidity={onValidity} onRemove={close} />
  );
}

interface EditedOutputsProps {
  definition: Definition;
  first: string;
  firstOutput: Json | undefined;
  value: JsonObject;
  onChange(value: JsonObject): void;
  onValidity(valid: boolean): void;
}

/** Outputs that are written in instead of running their nodes. */
function EditedOutputs({ definition, first, firstOutput, value, onChange, onValidity }: EditedOutputsProps) {
  const left = definition.nodes.filter(({ id }) => !(id in value));
  const add = (node: string) => onChange({ ...value, [node]: node === first ? (firstOutput ?? {}) : {} });
  return (
    <>
      {Object.entries(value).map(([node, output]) => (
        <EditedValue
          key={node}
          label={t("resume.output_of", { node })}
          value={output}
          onChange={(next) => onChange({ ...value, [node]: next ?? null })}
          onValidity={onValidity}
          onRemove={() => {
            onValidity(true);
            onChange(withKey(value, node, undefined));
          }}
        />
      ))}
      <Select
        aria-label={t("resume.edit_output")}
        className="w-56 self-start"
        value=""
        onChange={({ target }) => target.value && add(target.value)}
      >
        <option value="">{t("resume.edit_output")}</option>
        {left.map(({ id, name }) => (
          <option key={id} value={id}>
            {name ?? id}
          </option>
        ))}
      </Select>
    </>
  );
}

interface EditedValueProps {
  label: string;
  value: Json | undefined;
  onChange(value: Json | undefined): void;
  onValidity(valid: boolean): void;
  onRemove(): void;
}

function EditedValue({ label, value, onChange, onValidity, onRemove }: EditedValueProps) {
  return (
    <div className="flex flex-col gap-1.5">
      <div className="flex items-center justify-between">
        <span className="font-medium">{label}</span>
        <IconButton size="sm" label={t("action.remove")} onClick={onRemove}>
          <Trash2 aria-hidden />
        </IconButton>
      </div>
      <JsonField value={value} onChange={onChange} label={label} onValidity={onValidity} />
    </div>
  );
}

function SendAgain({ on, onChange }: { on: boolean; onChange(on: boolean): void }) {
  const id = useId();
  return (
    <div className="flex items-start gap-2.5 rounded-lg border border-warning/30 bg-warning-soft px-3 py-2">
      <Switch id={id} checked={on} onCheckedChange={onChange} />
      <label htmlFor={id}>
        <span className="font-medium">{t("resume.send_again")}</span>
        <span className="block text-xs text-ink-2">{t("resume.send_again_help")}</span>
      </label>
    </div>
  );
}
