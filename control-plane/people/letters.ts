/** The letters that people get, in English and Spanish. */
interface Text {
  subject: string
  text: (link: string, about: string) => string
}
type Letters = Record<
  'invitation' | 'reset' | 'new_email' | 'email_changed' | 'budget_approaching' | 'budget_over',
  Text
>

export const LETTERS: Record<'en' | 'es', Letters> = {
  en: {
    invitation: {
      subject: 'You are invited to Atalaya',
      text: (link) =>
        `Hello,\n\nyou are invited to Atalaya. Open this address within seven days to accept:\n\n${link}\n\n` +
        'If you expected no invitation, ignore this mail.\n',
    },
    reset: {
      subject: 'A new password for Atalaya',
      text: (link) =>
        `Hello,\n\nsomebody, probably you, asked for a new password. Open this address within an hour to choose one:\n\n${link}\n\n` +
        'If it was not you, ignore this mail: nothing changes.\n',
    },
    new_email: {
      subject: 'Confirm your new e-mail address',
      text: (link) =>
        `Hello,\n\nopen this address within an hour, and this e-mail address is the one you sign in with at Atalaya:\n\n${link}\n\n` +
        'If you did not ask for it, ignore this mail.\n',
    },
    email_changed: {
      subject: 'Your e-mail address at Atalaya was changed',
      text: (link) =>
        `Hello,\n\nyou sign in to Atalaya (${link}) with another e-mail address from now on.\n\n` +
        'If it was not you, tell the owner of the installation at once.\n',
    },
    budget_approaching: {
      subject: 'Your bill is near its budget',
      text: (link, about) =>
        `Hello,\n\nyour bill of this month has come to 80 % of the budget that was set for it or more:\n\n${about}\n\n` +
        `What it is made of, and the budget itself, you see here:\n\n${link}\n\nNothing is switched off.\n`,
    },
    budget_over: {
      subject: 'Your bill is over its budget',
      text: (link, about) =>
        `Hello,\n\nyour bill of this month has reached the budget that was set for it:\n\n${about}\n\n` +
        `What it is made of, and the budget itself, you see here:\n\n${link}\n\nNothing is switched off.\n`,
    },
  },
  es: {
    invitation: {
      subject: 'Invitación a Atalaya',
      text: (link) =>
        `Hola:\n\nLe han invitado a Atalaya. Abra esta dirección antes de siete días para aceptar:\n\n${link}\n\n` +
        'Si no esperaba ninguna invitación, no haga nada.\n',
    },
    reset: {
      subject: 'Una contraseña nueva para Atalaya',
      text: (link) =>
        `Hola:\n\nAlguien, seguramente usted, ha pedido una contraseña nueva. Abra esta dirección antes de una hora para elegirla:\n\n${link}\n\n` +
        'Si no ha sido usted, no haga nada: no cambia nada.\n',
    },
    new_email: {
      subject: 'Confirme su nueva dirección de correo',
      text: (link) =>
        `Hola:\n\nAbra esta dirección antes de una hora y entrará en Atalaya con este correo:\n\n${link}\n\n` +
        'Si no lo ha pedido, no haga nada.\n',
    },
    email_changed: {
      subject: 'Su dirección de correo en Atalaya ha cambiado',
      text: (link) =>
        `Hola:\n\nDesde ahora entra en Atalaya (${link}) con otra dirección de correo.\n\n` +
        'Si no ha sido usted, avise enseguida al propietario de la instalación.\n',
    },
    budget_approaching: {
      subject: 'Su factura se acerca al presupuesto',
      text: (link, about) =>
        `Hola:\n\nLa factura de este mes ha llegado al 80 % o más del presupuesto fijado:\n\n${about}\n\n` +
        `Aquí ve de qué se compone y puede cambiar el presupuesto:\n\n${link}\n\nNo se apaga nada.\n`,
    },
    budget_over: {
      subject: 'Su factura supera el presupuesto',
      text: (link, about) =>
        `Hola:\n\nLa factura de este mes ha alcanzado el presupuesto fijado:\n\n${about}\n\n` +
        `Aquí ve de qué se compone y puede cambiar el presupuesto:\n\n${link}\n\nNo se apaga nada.\n`,
    },
  },
}
