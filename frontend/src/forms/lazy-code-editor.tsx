import { lazy, Suspense } from "react";

import type { CodeEditorProps } from "@/forms/code-editor";
import { t } from "@/i18n";

const CodeEditor = lazy(() => import("@/forms/code-editor"));

export function LazyCodeEditor(props: CodeEditorProps) {
  const waiting = (
    <div role="status" aria-label={t("form.loading_editor")} className="h-20 animate-pulse rounded-md border bg-subtle" />
  );
  return (
    <Suspense fallback={waiting}>
      <CodeEditor {...props} />
    </Suspense>
  );
}
