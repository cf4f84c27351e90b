import { useMutation, useQuery } from "@tanstack/react-query";
import { Check, UserCheck, X } from "lucide-react";
import { useId, useState } from "react";

import { call } from "@/api/client";
import { approvalsQuery } from "@/api/operation-queries";
import type { Approval, ApprovalField, Decision } from "@/api/operations";
import { refresh } from "@/api/queries";
import type { Execution, Json, JsonObject } from "@/api/types";
import { t } from "@/i18n";
import { missingAnswers, readAnswer } from "@/model/approvals";
import { withKey } from "@/model/schema";
import { absoluteTime } from "@/model/time";
import { Button } from "@/ui/button";
import { ErrorPanel } from "@/ui/error-panel";
import { Field, Input, Select, Textarea } from "@/ui/field";
import { Switch } from "@/ui/switch";

/** What people are asked in an execution that waits, and the form in which they answer. */
export function Approvals({ execution }: { execution: Execution }) {
  const waits = execution.status === "waiting" || execution.status === "running";
  const approvals = useQuery({ ...approvalsQuery(execution.id), enabled: waits, refetchInterval: waits ? 5000 : false });
  if (!waits || !approvals.data) return null;
  return approvals.data.map((approval) => (
    <ApprovalCard key={approval.name} execution={execution.id} approval={approval} />
  ));
}

function ApprovalCard({ execution, approval }: { execution: string; approval: Approval }) {
  const { message, required, decisions, deadline, approvers, may_decide: mayDecide } = approval;
  return (
    <section aria-label={t("approval.title")} data-testid={`approval-${approval.name}`} className="flex flex-col gap-3 border-b bg-warning-soft/60 px-4 py-3.5">
      <div>
        <h2 className="flex items-center gap-1.5 font-semibold">
          <UserCheck aria-hidden className="size-4 text-warning" />
          {t("approval.title")}
          <code className="ml-auto font-mono text-2xs font-normal text-ink-3">{approval.name}</code>
        </h2>
        {message && <p className="mt-1.5 break-words whitespace-pre-wrap">{message}</p>}
        <p className="mt-1 text-xs text-ink-2">
          {t("approval.so_far", { done: decisions.length, required })} {t("approval.asked", { people: approvers.join(", ") })}
          {deadline && ` ${t("approval.deadline", { time: absoluteTime(deadline) })}`}
        </p>
      </div>
      {mayDecide ? (
        <DecisionForm execution={execution} approval={approval} />
      ) : (
        <p className="text-xs text-ink-2">{t("approval.not_you")}</p>
      )}
    </section>
  );
}

function DecisionForm({ execution, approval }: { execution: string; approval: Approval }) {
  const commentId = useId();
  const [form, setForm] = useState<JsonObject>({});
  const [comment, setComment] = useState("");
  const decide = useMutation({
    mutationFn: (decision: Decision["decision"]) => {
      const body = { decision, form, ...(comment.trim() ? { comment: comment.trim() } : {}) };
      return call("POST /api/v1/executions/{id}/signals/{name}", { path: { id: execution, name: approval.name }, body });
    },
    onSuccess: () => refresh(["execution", execution]),
  });
  const missing = missingAnswers(approval.form, form);
  const done = decide.isPending || decide.isSuccess;
  return (
    <>
      {approval.form.map((field) => (
        <AnswerField
          key={field.name}
          field={field}
          value={form[field.name]}
          onChange={(value) => setForm((before) => withKey(before, field.name, value))}
        />
      ))}
      <Field id={commentId} label={t("approval.comment")}>
        <Textarea id={commentId} rows={1} className="min-h-8" maxLength={2000} value={comment} onChange={({ target }) => setComment(target.value)} />
      </Field>
      {decide.error && <ErrorPanel error={decide.error} />}
      <div className="flex gap-2">
        <Button variant="primary" disabled={done || missing.length > 0} busy={decide.isPending} onClick={() => decide.mutate("approve")}>
          {!decide.isPending && <Check aria-hidden />}
          {t("approval.approve")}
        </Button>
        <Button variant="danger" disabled={done} onClick={() => decide.mutate("reject")}>
          <X aria-hidden />
          {t("approval.reject")}
        </Button>
      </div>
    </>
  );
}

interface AnswerFieldProps {
  field: ApprovalField;
  value: Json | undefined;
  onChange(value: Json | undefined): void;
}

function AnswerField({ field, value, onChange }: AnswerFieldProps) {
  const id = useId();
  const text = value === undefined ? "" : String(value);
  const change = (written: string) => onChange(readAnswer(field, written));
  return (
    <Field id={id} label={field.title || field.name} required={field.required}>
      {field.type === "boolean" && <Switch id={id} checked={value === true} onCheckedChange={onChange} />}
      {field.type !== "boolean" && field.choices && (
        <Select id={id} value={text} onChange={({ target }) => change(target.value)}>
          <option value="">{t("form.choose")}</option>
          {field.choices.map((option) => (
            <option key={option}>{option}</option>
          ))}
        </Select>
      )}
      {field.type !== "boolean" && !field.choices && (
        <Input
          id={id}
          type={field.type === "string" ? "text" : "number"}
          step={field.type === "integer" ? 1 : "any"}
          value={text}
          onChange={({ target }) => change(target.value)}
        />
      )}
    </Field>
  );
}
