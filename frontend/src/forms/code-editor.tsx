import { json } from "@codemirror/lang-json";
import { python } from "@codemirror/lang-python";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { minimalSetup } from "codemirror";
import { useEffect, useRef } from "react";

import { cn } from "@/ui/cn";

export interface CodeEditorProps {
  value: string;
  onChange(value: string): void;
  label: string;
  language: string;
  invalid?: boolean;
  disabled?: boolean;
  tall?: boolean;
  autoFocus?: boolean;
}

const LANGUAGES: Record<string, () => Extension> = { json, python };

/**
 * Loaded on demand. It lives in a shadow root because there the editor builds its style sheets as
 * objects; in the page itself it would add `<style>` elements, which a strict policy refuses.
 */
export default function CodeEditor({ value, onChange, label, language, invalid, disabled, tall, autoFocus }: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const changed = useRef(onChange);
  const editable = useRef(new Compartment());
  useEffect(() => {
    changed.current = onChange;
  });

  useEffect(() => {
    if (!host.current) return undefined;
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: "open" });
    const created = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: value,
        extensions: [
          minimalSetup,
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": label }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed.current(update.state.doc.toString());
          }),
          editable.current.of(EditorState.readOnly.of(false)),
          LANGUAGES[language]?.() ?? [],
          syntaxHighlighting(colours),
          theme,
        ],
      }),
    });
    view.current = created;
    if (autoFocus) created.focus();
    return () => {
      view.current = null;
      created.destroy();
      root.replaceChildren();
    };
    // The document is handed over once; later values arrive through the effect below.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [label, language, autoFocus]);

  useEffect(() => {
    const shown = view.current;
    if (!shown || shown.state.doc.toString() === value) return;
    shown.dispatch({ changes: { from: 0, to: shown.state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    view.current?.dispatch({ effects: editable.current.reconfigure(EditorState.readOnly.of(disabled ?? false)) });
  }, [disabled]);

  return (
    <div
      ref={host}
      className={cn(
        "block max-h-96 overflow-y-auto rounded-md border border-control/70 bg-surface shadow-xs focus-within:border-brand-ink focus-within:outline-1 focus-within:outline-brand-ink",
        tall ? "min-h-44" : "min-h-20",
        invalid && "border-danger",
      )}
    />
  );
}

const theme = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "transparent", fontSize: "12px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: '"JetBrains Mono Variable", ui-monospace, monospace', lineHeight: "1.55" },
  ".cm-content": { padding: "6px 0", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 10px" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground, ::selection": {
    backgroundColor: "color-mix(in oklch, var(--brand) 28%, transparent) !important",
  },
});

const colours = HighlightStyle.define([
  { tag: [tags.string, tags.special(tags.string)], color: "var(--success)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--info)" },
  { tag: [tags.keyword, tags.controlKeyword, tags.operatorKeyword], color: "var(--violet)" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], color: "var(--brand-ink)" },
  { tag: [tags.comment], color: "var(--ink-3)", fontStyle: "italic" },
  { tag: [tags.propertyName], color: "var(--ink)" },
  { tag: [tags.punctuation, tags.bracket, tags.operator], color: "var(--ink-2)" },
]);
