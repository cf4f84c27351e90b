import { hasExpression } from "@/model/schema";
import { cn } from "@/ui/cn";
import { describedBy, Textarea } from "@/ui/field";

export interface ControlProps<Value> {
  id: string;
  value: Value | undefined;
  onChange(value: Value | undefined): void;
  disabled: boolean;
  help?: string | null | undefined;
  error?: string | undefined;
  placeholder?: string | undefined;
}

/** Text that grows with what is in it, and shows in the fixed-width face once it is an expression. */
export function TextControl(props: ControlProps<string> & { multiline?: boolean; mono?: boolean }) {
  const { id, value, onChange, multiline = false, mono = false, help, error, ...rest } = props;
  return (
    <Textarea
      id={id}
      rows={1}
      spellCheck={multiline && !hasExpression(value)}
      value={value ?? ""}
      aria-invalid={error ? true : undefined}
      aria-describedby={describedBy(id, help, error)}
      onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.value)}
      onKeyDown={(event) => {
        if (!multiline && event.key === "Enter") event.preventDefault();
      }}
      className={cn(
        "field-sizing-content max-h-72 resize-none",
        multiline ? "min-h-20" : "min-h-8",
        mono && "font-mono text-xs leading-5",
        hasExpression(value) && "border-brand-ink/40 bg-brand-soft/40 font-mono text-xs leading-5",
      )}
      {...rest}
    />
  );
}

/** Insert at the caret of a field, or at its end when it never had one. */
export function insertInto(id: string, value: string | undefined, expression: string): string {
  const text = value ?? "";
  const area = document.getElementById(id);
  const at = area instanceof HTMLTextAreaElement ? area.selectionStart : text.length;
  return text.slice(0, at) + expression + text.slice(at);
}
