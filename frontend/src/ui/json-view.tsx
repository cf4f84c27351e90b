import { ChevronRight, Download } from "lucide-react";
import { useMemo, useState } from "react";

import type { Json } from "@/api/types";
import { t } from "@/i18n";
import { blobOf, shapeOf, TEXT_LIMIT_CHARS, TREE_LIMIT_BYTES } from "@/model/json";
import { formatBytes } from "@/model/time";
import { Button } from "@/ui/button";
import { cn } from "@/ui/cn";
import { CopyButton } from "@/ui/copy-button";

const CHILDREN_SHOWN = 100;

interface JsonViewProps {
  value: Json | undefined;
  /** File name for the download, without its ending. */
  name: string;
  empty: string;
}

/** A value as a tree that draws only what is open; a large one as cut text with a download. */
export function JsonView({ value, name, empty }: JsonViewProps) {
  const text = useMemo(() => (value === undefined ? "" : JSON.stringify(value, null, 2)), [value]);
  if (value === undefined) return <p className="p-4 text-ink-3">{empty}</p>;
  const blob = blobOf(value);
  const large = text.length > TREE_LIMIT_BYTES;
  return (
    <div className="relative">
      <div className="absolute top-1.5 right-2 z-10 flex items-center gap-0.5 rounded-md bg-surface/85">
        <span className="px-1 text-2xs text-ink-3">{formatBytes(text.length)}</span>
        <CopyButton text={text} label={t("json.copy")} />
        <DownloadButton text={text} name={name} />
      </div>
      {blob && <p className="px-4 pt-3 text-ink-2">{t("json.blob", { size: formatBytes(blob.size_bytes) })}</p>}
      {large ? <CutText text={text} /> : <Tree value={value} />}
    </div>
  );
}

function DownloadButton({ text, name }: { text: string; name: string }) {
  const download = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = `${name}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <Button variant="ghost" size="sm" className="px-1.5" onClick={download} aria-label={t("json.download")}>
      <Download aria-hidden />
    </Button>
  );
}

function CutText({ text }: { text: string }) {
  return (
    <div className="p-4">
      <p className="mb-2 pr-28 text-ink-2">{t("json.cut", { size: formatBytes(text.length) })}</p>
      <pre className="font-mono text-xs whitespace-pre-wrap text-ink-2">{text.slice(0, TEXT_LIMIT_CHARS)}</pre>
    </div>
  );
}

function Tree({ value }: { value: Json }) {
  return (
    <ul className="overflow-x-auto p-3 pr-4 font-mono text-xs leading-5">
      <Branch value={value} depth={0} />
    </ul>
  );
}

interface BranchProps {
  name?: string | number;
  value: Json;
  depth: number;
}

function Branch({ name, value, depth }: BranchProps) {
  const [open, setOpen] = useState(depth < 2);
  const [shown, setShown] = useState(CHILDREN_SHOWN);
  if (value === null || typeof value !== "object") return <Leaf name={name} value={value} />;
  const entries: [string | number, Json][] = Array.isArray(value)
    ? value.map((child, index) => [index, child])
    : Object.entries(value);
  if (entries.length === 0) return <Leaf name={name} value={value} />;
  return (
    <li>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="-ml-0.5 flex items-center gap-0.5 rounded px-0.5 text-left hover:bg-subtle focus-visible:outline-offset-0"
      >
        <ChevronRight aria-hidden className={cn("size-3 text-ink-3 transition-transform", open && "rotate-90")} />
        <Name name={name} />
        <span className="text-ink-3">{summary(value)}</span>
      </button>
      {open && (
        <ul className="ml-1.5 border-l pl-3">
          {entries.slice(0, shown).map(([key, child]) => (
            <Branch key={key} name={key} value={child} depth={depth + 1} />
          ))}
          {entries.length > shown && (
            <li>
              <button type="button" className="text-brand-ink hover:underline" onClick={() => setShown(shown + 500)}>
                {t("json.more", { count: entries.length - shown })}
              </button>
            </li>
          )}
        </ul>
      )}
    </li>
  );
}

function summary(value: Json[] | { [key: string]: Json }): string {
  return Array.isArray(value)
    ? t("json.items", { count: value.length })
    : t("json.keys", { count: Object.keys(value).length });
}

const LEAF_COLOURS: Record<string, string> = {
  string: "text-success",
  number: "text-info",
  boolean: "text-violet",
  null: "text-ink-3",
};

function Leaf({ name, value }: { name?: string | number | undefined; value: Json }) {
  return (
    <li className="flex pl-3">
      <Name name={name} />
      <span className={cn("break-all whitespace-pre-wrap", LEAF_COLOURS[shapeOf(value)])}>{JSON.stringify(value)}</span>
    </li>
  );
}

function Name({ name }: { name?: string | number | undefined }) {
  if (name === undefined) return null;
  return (
    <span className="shrink-0 text-ink">
      {name}
      <span className="mr-1.5 text-ink-3">:</span>
    </span>
  );
}
