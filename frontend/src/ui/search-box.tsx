import { Search } from "lucide-react";
import { useEffect, useState } from "react";

import { Input } from "@/ui/field";

const PAUSE_MS = 250;

interface SearchBoxProps {
  value: string;
  onChange(value: string): void;
  label: string;
}

/** A search field that reports once the typing pauses. */
export function SearchBox({ value, onChange, label }: SearchBoxProps) {
  const [text, setText] = useState(value);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => onChange(text.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
    // Only typing starts the timer; the answer of the address must not restart it.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [text]);
  return (
    <div className="relative w-64 max-w-full">
      <Search aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-ink-3" />
      <Input
        type="search"
        aria-label={label}
        placeholder={label}
        value={text}
        onChange={(event) => setText(event.target.value)}
        className="pl-8"
      />
    </div>
  );
}
