import { Plus, X } from "lucide-react";
import { useState } from "react";

import type { Json, JsonObject } from "@/api/types";
import type { ControlProps } from "@/forms/text-control";
import { t } from "@/i18n";
import { looseText, looseValue, sameJson } from "@/model/json";
import { hasExpression } from "@/model/schema";
import { Button, IconButton } from "@/ui/button";
import { cn } from "@/ui/cn";
import { Input, Textarea } from "@/ui/field";

interface KeyValueProps extends ControlProps<JsonObject> {
  /** Whether values are text and nothing else, as in headers. */
  textOnly: boolean;
}

type Row = [name: string, text: string];

/** Named values. A row without a name, or text that is still being typed, is kept here meanwhile. */
export function KeyValueControl({ id, value, onChange, disabled, textOnly }: KeyValueProps) {
  const [rows, setRows] = useState<Row[]>(() => rowsOf(value, textOnly));
  const foreign = !sameJson(valueOf(rows, textOnly) ?? {}, value ?? {});
  if (foreign) setRows(rowsOf(value, textOnly)); // undone or replaced from outside

  const change = (next: Row[]) => {
    setRows(next);
    onChange(valueOf(next, textOnly));
  };
  return (
    <div id={id} role="group" className="flex flex-col gap-1.5">
      {rows.map((row, index) => (
        <EntryRow
          key={index}
          row={row}
          disabled={disabled}
          onChange={(next) => change(rows.with(index, next))}
          onRemove={() => change(rows.toSpliced(index, 1))}
        />
      ))}
      <Button
        size="sm"
        variant="ghost"
        className="-ml-1.5 self-start px-1.5"
        disabled={disabled}
        onClick={() => setRows([...rows, ["", ""]])}
      >
        <Plus aria-hidden />
        {t("form.add_entry")}
      </Button>
    </div>
  );
}

interface EntryRowProps {
  row: Row;
  disabled: boolean;
  onChange(row: Row): void;
  onRemove(): void;
}

function EntryRow({ row: [name, text], disabled, onChange, onRemove }: EntryRowProps) {
  return (
    <div className="flex items-start gap-1">
      <Input
        aria-label={t("form.key")}
        placeholder={t("form.key")}
        className="w-[32%] font-mono text-xs"
        spellCheck={false}
        value={name}
        disabled={disabled}
        onChange={(event) => onChange([event.target.value, text])}
      />
      <Textarea
        rows={1}
        aria-label={t("form.value_of", { name })}
        placeholder={t("form.value")}
        className={cn("field-sizing-content min-h-8 flex-1 resize-none font-mono text-xs leading-5", hasExpression(text) && "border-brand-ink/40 bg-brand-soft/40")}
        spellCheck={false}
        value={text}
        disabled={disabled}
        onChange={(event) => onChange([name, event.target.value])}
      />
      <IconButton size="sm" className="mt-0.5" label={t("action.remove")} disabled={disabled} onClick={onRemove}>
        <X aria-hidden />
      </IconButton>
    </div>
  );
}

function rowsOf(value: JsonObject | undefined, textOnly: boolean): Row[] {
  return Object.entries(value ?? {}).map(([name, entry]) => [name, textOf(entry, textOnly)]);
}

function textOf(entry: Json, textOnly: boolean): string {
  return textOnly && typeof entry === "string" ? entry : looseText(entry);
}

function valueOf(rows: Row[], textOnly: boolean): JsonObject | undefined {
  const named = rows.filter(([name]) => name !== "");
  if (named.length === 0) return undefined;
  return Object.fromEntries(named.map(([name, text]) => [name, textOnly ? text : looseValue(text)]));
}
