# Starts the boot scripts as soon as the user exists, beside the later stages of cloud-init, which would
# otherwise start them at their very end: seconds, in an emulated guest. Whoever is second does nothing.
if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
    log=append:/var/log/cloud-init-output.log
    systemd-run --no-block --quiet --collect --unit=lima-boot \
        --description="Boot scripts of Lima" \
        --property=Type=oneshot \
        --property=RemainAfterExit=yes \
        --property="After=cloud-init.service cloud-init-network.service" \
        --property=StandardOutput=$log --property=StandardError=$log \
        /bin/sh /var/lib/cloud/scripts/per-boot/00-lima.boot.sh || :
fi
