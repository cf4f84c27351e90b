import { create } from "zustand";

export interface Toast {
  id: number;
  tone: "success" | "danger" | "info";
  title: string;
  detail?: string | undefined;
  requestId?: string | null | undefined;
}

interface Toasts {
  toasts: Toast[];
  show(toast: Omit<Toast, "id">): void;
  dismiss(id: number): void;
}

let last = 0;

export const useToasts = create<Toasts>((set) => ({
  toasts: [],
  show: (toast) => {
    last += 1;
    const shown = { ...toast, id: last };
    set(({ toasts }) => ({ toasts: [...toasts, shown].slice(-4) }));
  },
  dismiss: (id) => set(({ toasts }) => ({ toasts: toasts.filter((toast) => toast.id !== id) })),
}));
