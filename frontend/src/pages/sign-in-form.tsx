import { useMutation } from "@tanstack/react-query";
import { CircleAlert } from "lucide-react";
import { type SyntheticEvent, useId } from "react";

import { call } from "@/api/client";
import { ApiError } from "@/api/problem";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { errorAdvice, errorTitle } from "@/ui/error-panel";
import { Field, Input } from "@/ui/field";

export function SignInForm({ onDone }: { onDone(): void }) {
  const email = useId();
  const password = useId();
  const signIn = useMutation({
    mutationFn: (body: { email: string; password: string }) => call("POST /api/v1/session", { body }),
    onSuccess: onDone,
  });
  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    signIn.mutate({ email: String(given.get("email")), password: String(given.get("password")) });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <Field id={email} label={t("sign_in.email")}>
        <Input id={email} name="email" type="email" autoComplete="username" required autoFocus className="h-9" />
      </Field>
      <Field id={password} label={t("sign_in.password")}>
        <Input id={password} name="password" type="password" autoComplete="current-password" required className="h-9" />
      </Field>
      {signIn.error && (
        <p role="alert" className="flex gap-2 rounded-md bg-danger-soft px-2.5 py-2 text-danger">
          <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
          {refusalText(signIn.error)}
        </p>
      )}
      <Button type="submit" variant="primary" size="lg" busy={signIn.isPending} className="mt-1 w-full">
        {t("sign_in.submit")}
      </Button>
    </form>
  );
}

function refusalText(error: unknown): string {
  const wrong = error instanceof ApiError && [400, 401, 403, 422].includes(error.status);
  return wrong ? t("sign_in.wrong") : `${errorTitle(error)}. ${errorAdvice(error)}`;
}
