/** The navigation on narrow screens, as a panel from the left. */
import { Dialog } from '@kobalte/core/dialog'
import LogOut from 'lucide-solid/icons/log-out'
import X from 'lucide-solid/icons/x'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { signOut } from '../session.ts'
import { LanguageChoice, ThemeChoice } from './appearance.tsx'
import { Navigation } from './navigation.tsx'
import { Who } from './who.tsx'

export const NavDrawer = (props: { onClose: () => void }) => (
  <Dialog open onOpenChange={(open) => open || props.onClose()}>
    <Dialog.Portal>
      <Dialog.Overlay data-scrim class="fixed inset-0 z-40 bg-scrim" />
      <Dialog.Content class="fixed inset-y-0 left-0 z-50 flex w-72 max-w-[85vw] flex-col gap-5 overflow-y-auto bg-raised p-4 shadow-overlay outline-none">
        <div class="flex items-center justify-between">
          <Dialog.Title class="px-2 text-sm font-semibold">{t('nav.menu')}</Dialog.Title>
          <Dialog.CloseButton
            aria-label={t('common.close')}
            class="inline-flex size-8 items-center justify-center rounded-lg text-muted hover:bg-hover"
          >
            <X size={18} />
          </Dialog.CloseButton>
        </div>
        <Navigation onGo={() => props.onClose()} />
        <div class="mt-auto flex flex-col gap-3 border-t border-line pt-4">
          <Who />
          <ThemeChoice />
          <LanguageChoice />
          <Button variant="ghost" icon={<LogOut size={16} />} onClick={() => void signOut()}>
            {t('nav.sign_out')}
          </Button>
        </div>
      </Dialog.Content>
    </Dialog.Portal>
  </Dialog>
)
