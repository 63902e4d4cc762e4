# Completion of limactl for PowerShell: add to $PROFILE the line
#   limactl completion powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName 'limactl' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text })
    $program = $words[0]
    $given = @($words | Select-Object -Skip 1)
    $current = ''
    if ($commandAst.CommandElements[$words.Count - 1].Extent.EndOffset -ge $cursorPosition -and $words.Count -gt 1) {
        $current = $given[-1]
        $given = @($given | Select-Object -SkipLast 1)
    }

    # The candidates of --flag=... are values only, and PowerShell wants whole words.
    $flag = if ($current -match '^-[^=]*=') { $Matches[0] } else { '' }
    # Windows PowerShell loses empty arguments of programs unless they are quoted twice.
    $last = if ($current -eq '' -and $PSVersionTable.PSVersion -lt [version]'7.3') { '""' } else { $current }

    & $program __complete @given $last 2>$null |
        Where-Object { $_ -notmatch '^:\d+$' } |
        ForEach-Object {
            $value, $description = $_ -split "`t", 2
            if (-not $description) { $description = $value }
            [System.Management.Automation.CompletionResult]::new("$flag$value", $value, 'ParameterValue', $description)
        }
}
