import { type QueryKey, useInfiniteQuery, type UseInfiniteQueryOptions } from "@tanstack/react-query";
import type { InfiniteData } from "@tanstack/react-query";
import type { ReactNode } from "react";

import type { Page } from "@/api/types";
import { type Column, DataTable } from "@/ui/data-table";
import { ErrorPanel } from "@/ui/error-panel";
import { LoadMore } from "@/ui/load-more";
import { SkeletonRows } from "@/ui/spinner";

interface PagedTableProps<Row, Key extends QueryKey> {
  label: string;
  loading: string;
  query: UseInfiniteQueryOptions<Page<Row>, Error, InfiniteData<Page<Row>>, Key, string>;
  columns: Column<Row>[];
  rowKey(row: Row): string;
  empty: ReactNode;
}

/** A list of the API as a table, with what it shows while it loads, when it fails and when it is empty. */
export function PagedTable<Row, Key extends QueryKey>(props: PagedTableProps<Row, Key>) {
  const { label, loading, query, columns, rowKey, empty } = props;
  const list = useInfiniteQuery(query);
  if (list.isPending) return <SkeletonRows count={8} label={loading} />;
  if (list.isError) return <ErrorPanel error={list.error} onRetry={() => void list.refetch()} className="m-6" />;
  const rows = list.data.pages.flatMap((page) => page.results);
  if (rows.length === 0) return empty;
  return (
    <>
      <DataTable label={label} columns={columns} rows={rows} rowKey={rowKey} />
      {list.hasNextPage && <LoadMore busy={list.isFetchingNextPage} onMore={() => void list.fetchNextPage()} />}
    </>
  );
}
