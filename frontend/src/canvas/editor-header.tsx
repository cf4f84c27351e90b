import { useMutation } from "@tanstack/react-query";
import { ChevronRight, Play, Rocket } from "lucide-react";
import { Link } from "react-router";

import { refresh } from "@/api/queries";
import { ProblemsMenu } from "@/canvas/problems-menu";
import { SaveMark } from "@/canvas/save-mark";
import type { useDraft } from "@/canvas/use-draft";
import { t } from "@/i18n";
import { WorkflowMenu } from "@/pages/workflow-menu";
import { useToasts } from "@/stores/toasts";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { toastError } from "@/ui/toast-error";
import { Tooltip } from "@/ui/tooltip";

interface EditorHeaderProps {
  draft: ReturnType<typeof useDraft>;
  editable: boolean;
  runnable: boolean;
  running: boolean;
  onRun(): void;
  onShow(node: string): void;
  onDeleted(): void;
}

export function EditorHeader({ draft, editable, runnable, running, onRun, onShow, onDeleted }: EditorHeaderProps) {
  const { workflow, problems } = draft;
  return (
    <header className="flex h-13 shrink-0 items-center gap-2 border-b bg-surface px-3">
      <Link to="/workflows" className="shrink-0 rounded px-1 text-ink-3 transition-colors hover:text-ink max-md:hidden">
        {t("nav.workflows")}
      </Link>
      <ChevronRight aria-hidden className="size-3.5 shrink-0 text-ink-3/70 max-md:hidden" />
      <WorkflowName name={workflow.name} editable={editable} onRename={draft.rename} />
      <VersionMark draft={draft} />
      <WorkflowMenu workflow={workflow} editable={editable} onDeleted={onDeleted} />
      <div className="ml-auto flex items-center gap-2">
        {editable && <SaveMark state={draft.state} error={draft.error} onRetry={() => void draft.save()} />}
        <ProblemsMenu problems={problems} onShow={onShow} />
        <Tooltip text={t("editor.run_hint")} keys="Ctrl ⏎">
          <Button onClick={onRun} disabled={!runnable} busy={running} data-testid="run">
            {!running && <Play aria-hidden className="fill-current" />}
            {t("editor.run")}
          </Button>
        </Tooltip>
        {editable && <PublishButton draft={draft} />}
      </div>
    </header>
  );
}

interface WorkflowNameProps {
  name: string;
  editable: boolean;
  onRename(name: string): Promise<boolean>;
}

function WorkflowName({ name, editable, onRename }: WorkflowNameProps) {
  if (!editable) return <h1 className="truncate px-1.5 font-semibold">{name}</h1>;
  const commit = (field: HTMLInputElement) => {
    const next = field.value.trim();
    if (next === "" || next === name) field.value = name;
    else void onRename(next).then((saved) => saved && refresh(["workflows"]));
  };
  return (
    <input
      key={name}
      aria-label={t("workflow.name")}
      defaultValue={name}
      maxLength={200}
      spellCheck={false}
      onBlur={(event) => commit(event.currentTarget)}
      onKeyDown={(event) => {
        if (event.key === "Enter") event.currentTarget.blur();
        if (event.key === "Escape") {
          event.currentTarget.value = name;
          event.currentTarget.blur();
        }
      }}
      className="field-sizing-content h-7 max-w-72 min-w-8 truncate rounded-md border border-transparent bg-transparent px-1.5 font-semibold transition-colors hover:border-line-strong focus:border-control focus:outline-none"
    />
  );
}

function VersionMark({ draft }: { draft: ReturnType<typeof useDraft> }) {
  const { published_version: version, status } = draft.workflow;
  if (version === null) return <Badge>{t("status.draft")}</Badge>;
  if (status === "paused" || status === "archived") return <Badge tone="warning">{t(`status.${status}`)}</Badge>;
  return <Badge tone="success">{t("workflow.published", { version })}</Badge>;
}

function PublishButton({ draft }: { draft: ReturnType<typeof useDraft> }) {
  const show = useToasts((state) => state.show);
  const publish = useMutation({
    mutationFn: draft.publish,
    onSuccess: (version) => {
      if (version === null) return;
      show({ tone: "success", title: t("editor.published", { version }), detail: t("editor.published_detail") });
      refresh(["workflows"]);
    },
    onError: toastError,
  });
  const blocked = draft.problems.length > 0;
  return (
    <Tooltip text={blocked ? t("editor.publish_blocked") : t("editor.publish_hint")}>
      <Button
        variant="primary"
        aria-disabled={blocked}
        className={blocked ? "opacity-55" : undefined}
        busy={publish.isPending}
        onClick={() => !blocked && publish.mutate()}
        data-testid="publish"
      >
        {!publish.isPending && <Rocket aria-hidden />}
        {t("editor.publish")}
      </Button>
    </Tooltip>
  );
}
