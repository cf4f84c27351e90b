import { createContext, useContext } from "react";

import type { PlacedProblem } from "@/model/problems";

/** What every field of one form shares. */
export interface FormScope {
  problems: readonly PlacedProblem[];
  /** Ids of the nodes whose output an expression here may read. */
  upstream: readonly string[];
  disabled: boolean;
}

const Scope = createContext<FormScope>({ problems: [], upstream: [], disabled: false });

export const FormScopeProvider = Scope.Provider;

export function useFormScope(): FormScope {
  return useContext(Scope);
}
