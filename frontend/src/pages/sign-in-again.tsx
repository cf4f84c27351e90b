import { refresh } from "@/api/queries";
import { t } from "@/i18n";
import { SignInForm } from "@/pages/sign-in-form";
import { useSession } from "@/stores/session";
import { Dialog, DialogBody } from "@/ui/dialog";

/** The session ended while somebody is at work: sign in on the spot and lose nothing. */
export function SignInAgain() {
  const { expired, setExpired } = useSession();
  const carryOn = () => {
    setExpired(false);
    refresh([]);
  };
  return (
    <Dialog open={expired} closable={false} title={t("session.expired")} description={t("session.expired_detail")}>
      <DialogBody className="pb-5">
        <SignInForm onDone={carryOn} />
      </DialogBody>
    </Dialog>
  );
}
