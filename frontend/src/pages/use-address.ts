import { useCallback, useEffect } from "react";
import { useLocation, useNavigate } from "react-router";

/** A change that is on its way into the address; one made meanwhile builds on it, not on what it replaces. */
let ahead: { pathname: string; query: URLSearchParams } | null = null;

/** The address's query, and a way to change it that several parts of the page may use at once. */
export function useAddress(): [URLSearchParams, (change: (query: URLSearchParams) => void) => void] {
  const { search } = useLocation();
  const navigate = useNavigate();
  useEffect(() => {
    ahead = null;
    // Whatever the new query is, it has arrived: nothing is on its way any more.
    // oxlint-disable-next-line react/exhaustive-effect-dependencies
  }, [search]);
  const change = useCallback(
    (edit: (query: URLSearchParams) => void) => {
      const { pathname, search: shown } = window.location;
      const before = ahead?.pathname === pathname ? ahead.query.toString() : new URLSearchParams(shown).toString();
      const query = new URLSearchParams(before);
      edit(query);
      if (query.toString() === before) return;
      ahead = { pathname, query };
      void navigate({ pathname, search: query.toString() }, { replace: true });
    },
    [navigate],
  );
  return [new URLSearchParams(search), change];
}

/** One value of the query; an empty one is taken away. */
export function useSearchValue(name: string): [string, (value: string) => void] {
  const [query, change] = useAddress();
  const set = (value: string) =>
    change((next) => {
      if (value === "") next.delete(name);
      else next.set(name, value);
    });
  return [query.get(name) ?? "", set];
}
