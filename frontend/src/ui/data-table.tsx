import type { ReactNode } from "react";

import { cn } from "@/ui/cn";

export interface Column<Row> {
  key: string;
  title: string;
  /** Numbers stand at the right. */
  end?: boolean;
  /** Left out on narrow screens. */
  wide?: boolean;
  className?: string;
  cell(row: Row): ReactNode;
}

interface DataTableProps<Row> {
  label: string;
  columns: Column<Row>[];
  rows: readonly Row[];
  rowKey(row: Row): string;
}

/** Rows and columns. A `RowLink` in a cell makes its whole row the link. */
export function DataTable<Row>({ label, columns, rows, rowKey }: DataTableProps<Row>) {
  return (
    <table aria-label={label} className="w-full border-collapse text-left">
      <thead className="sticky top-0 z-10 bg-surface text-2xs text-ink-3 shadow-[0_1px_0_var(--line)]">
        <tr>
          {columns.map((column) => (
            <th key={column.key} scope="col" className={cn(CELL, "h-8 font-medium", placeOf(column))}>
              {column.title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody className="divide-y divide-line">
        {rows.map((row) => (
          <tr key={rowKey(row)} className="relative transition-colors hover:bg-subtle/60">
            {columns.map((column) => (
              <td key={column.key} className={cn(CELL, "h-11 py-1.5", placeOf(column), column.className)}>
                {column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const CELL = "whitespace-nowrap px-2.5 first:pl-6 last:pr-6";

function placeOf({ end, wide }: { end?: boolean; wide?: boolean }): string {
  return cn(end && "text-right tabular-nums", wide && "max-md:hidden");
}
