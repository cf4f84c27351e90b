import { useState } from "react";

import type { Json } from "@/api/types";
import type { ControlProps } from "@/forms/text-control";
import { looseText, looseValue, sameJson } from "@/model/json";
import { hasExpression } from "@/model/schema";
import { cn } from "@/ui/cn";
import { describedBy, Input } from "@/ui/field";

/** Any small value on one line: text as it stands, numbers, lists and objects as JSON. */
export function ValueControl({ id, value, onChange, help, error, ...rest }: ControlProps<Json>) {
  const [text, setText] = useState(() => looseText(value));
  const foreign = !sameJson(readText(text), value);
  if (foreign) setText(looseText(value)); // undone or replaced from outside

  return (
    <Input
      id={id}
      value={text}
      spellCheck={false}
      aria-invalid={error ? true : undefined}
      aria-describedby={describedBy(id, help, error)}
      onChange={(event) => {
        setText(event.target.value);
        onChange(readText(event.target.value));
      }}
      className={cn("font-mono text-xs", hasExpression(text) && "border-brand-ink/40 bg-brand-soft/40")}
      {...rest}
    />
  );
}

function readText(text: string): Json | undefined {
  return text === "" ? undefined : looseValue(text);
}
