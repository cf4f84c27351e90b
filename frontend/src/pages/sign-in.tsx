import { useQuery } from "@tanstack/react-query";
import { Navigate, useNavigate, useSearchParams } from "react-router";

import { forgetEverything, sessionQuery } from "@/api/queries";
import { t } from "@/i18n";
import { safeNext } from "@/pages/require-session";
import { SignInForm } from "@/pages/sign-in-form";
import { Logo } from "@/ui/logo";

export function Component() {
  const [search] = useSearchParams();
  const navigate = useNavigate();
  const { data } = useQuery(sessionQuery); // asking also sets the cookie that the form must send back
  const next = safeNext(search.get("next"));
  if (data?.user) return <Navigate to={next} replace />;
  const enter = () => {
    forgetEverything();
    void navigate(next, { replace: true });
  };
  return (
    <main className="sign-in-ground grid h-full place-items-center p-4">
      <div className="w-full max-w-88 animate-rise">
        <div className="mb-6 flex flex-col items-center gap-4 text-center">
          <Logo className="size-11 drop-shadow-sm" />
          <div>
            <h1 className="text-xl font-semibold tracking-tight">{t("sign_in.title")}</h1>
            <p className="mt-1 text-ink-2">{t("sign_in.lead")}</p>
          </div>
        </div>
        <div className="rounded-xl border border-line-strong bg-raised p-5 shadow-float">
          <SignInForm onDone={enter} />
        </div>
      </div>
    </main>
  );
}
