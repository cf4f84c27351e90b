import { useState } from "react";

import type { Json } from "@/api/types";
import { LazyCodeEditor } from "@/forms/lazy-code-editor";
import { t } from "@/i18n";
import { parseJson, sameJson } from "@/model/json";

interface JsonFieldProps {
  value: Json | undefined;
  onChange(value: Json | undefined): void;
  label: string;
  disabled?: boolean;
  /** Whether text that is one expression may stand where a value is expected. */
  template?: boolean;
  tall?: boolean;
  autoFocus?: boolean;
  /** Told when the text stops or starts being a value. */
  onValidity?(valid: boolean): void;
}

/** Any JSON as text. Text that does not parse yet stays in the field and changes nothing. */
export function JsonField(props: JsonFieldProps) {
  const { value, onChange, label, disabled = false, template = false, tall = false, autoFocus = false } = props;
  const [draft, setDraft] = useState<{ text: string; value: Json | undefined }>(() => ({
    text: textOf(value, template),
    value,
  }));
  const [message, setMessage] = useState<string | null>(null);
  const foreign = !sameJson(draft.value, value);
  if (foreign) setDraft({ text: textOf(value, template), value }); // undone or replaced from outside

  const change = (text: string) => {
    const parsed = read(text, template);
    setMessage(parsed.ok ? null : parsed.message);
    props.onValidity?.(parsed.ok);
    setDraft({ text, value: parsed.ok ? parsed.value : value });
    if (parsed.ok && !sameJson(parsed.value, value)) onChange(parsed.value);
  };

  return (
    <>
      <LazyCodeEditor
        value={draft.text}
        onChange={change}
        label={label}
        language="json"
        invalid={message !== null}
        disabled={disabled}
        tall={tall}
        autoFocus={autoFocus}
      />
      {message && (
        <p role="alert" className="text-xs text-danger">
          {t("form.json_invalid", { message })}
        </p>
      )}
    </>
  );
}

type Read = { ok: true; value: Json | undefined } | { ok: false; message: string };

function read(text: string, template: boolean): Read {
  const trimmed = text.trim();
  if (trimmed === "") return { ok: true, value: undefined };
  const parsed = parseJson(text);
  return !parsed.ok && template && !looksLikeJson(trimmed) ? { ok: true, value: trimmed } : parsed;
}

/** Text that begins like a document is meant as one; anything else may be a template. */
function looksLikeJson(text: string): boolean {
  return /^[[{"]/.test(text) && !text.startsWith("{{");
}

function textOf(value: Json | undefined, template: boolean): string {
  if (value === undefined) return "";
  const plain = template && typeof value === "string" && !looksLikeJson(value) && !parseJson(value).ok;
  return plain ? value : JSON.stringify(value, null, 2);
}
